/* Chunks: memory in which deferrals wait, outside the objects that they are about.
 *
 * Layer: cache.  Uses: sys.  Used by: deferred.
 *
 *     chunk   a page: a goal, and up to EP__CHUNK_BLOCKS blocks, sorted by pool, or EP__CHUNK_CALLS calls
 *     slab    64 chunks, mapped together; their bits in `taken` are one word
 *
 * Algorithm.  A chunk is a bit of a bitmap: taken by fetch_or, the lowest free one first, given back by fetch_and.
 * Slabs are mapped when their first chunk is taken, published by one compare-and-swap, and never unmapped.  What a
 * stalled reader has made grow goes back: chunks after the first 256 give their page back with the bit.
 *
 * Who may overlap: everything; a chunk that is taken is one thread's.
 * Edges: CHK (a chunk, from who gives it back to who takes it), SLB (a slab).
 * Progress: lock-free.  ABA: chunks are bits of a set.
 * Fails: no memory, or 2^18 chunks are taken: NULL.
 */
#ifndef EPMALLOC_CACHE_CHUNK_H
#define EPMALLOC_CACHE_CHUNK_H

#include <stddef.h>
#include <stdint.h>

enum {
    EP__CHUNK_BYTES = 4096,
    EP__CHUNK_BUCKETS = 64,
    EP__CHUNK_BLOCKS = 392,
    EP__CHUNK_CALLS = 245,
};

/* A call that waits. */
struct call {
    void (*function)(void *argument);
    void *argument;
};

struct chunk {
    struct chunk *next;
    uint64_t goal;      /* since it is closed */
    uint64_t opened_ms; /* by ep__clock_ms() */
    size_t bytes;       /* that count against the bound */
    uint32_t count;     /* deferrals that have come */
    uint32_t left;      /* of them, not freed or called yet */
    uint32_t id;
    uint32_t bucket; /* of blocks: where freeing goes on */
    /* Blocks of one pool are in one bucket: a list of indexes plus 1, ended by 0. */
    uint16_t heads[EP__CHUNK_BUCKETS];
    union {
        struct {
            uint16_t links[EP__CHUNK_BLOCKS];
            void *blocks[EP__CHUNK_BLOCKS];
        };
        struct call calls[EP__CHUNK_CALLS];
    };
};
_Static_assert(sizeof(struct chunk) == EP__CHUNK_BYTES, "a chunk is a page of 4 KiB");

/* An empty chunk; NULL: no memory. */
struct chunk *ep__chunk_take(void);

void ep__chunk_give_back(struct chunk *chunk);

/* Bytes of slabs mapped. */
size_t ep__chunk_metadata_bytes(void);

#endif
