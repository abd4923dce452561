/* Slabs: equal blocks whose memory is never written into by the allocator.
 *
 * Layer: cache.  Uses: sys.  Used by: stable, whose header tells what for.
 *
 *     descriptor (struct slab)                           memory, a run of the arena
 *     taken[0..words): a bit a block, 1: not to be had   back | block 0 | block 1 ...
 *     built[0..words): 1: has been constructed           `back` names the descriptor
 *
 * Algorithm.  A block is a bit: taken by fetch_or, given back by fetch_and.  No list runs through the blocks, so what
 * a reader finds in a free block is what its last holder left there.  Bits that stand for no block are 1 for ever.
 * Who has all bits has all blocks, and so the memory: ep__slab_claim takes them word by word, and puts back what it
 * has when a word is not wholly free.  A descriptor without memory has all bits taken; descriptors stay for as
 * long as their cache, so who looks at one whose memory has just gone finds nothing to take.
 *
 * Who may overlap: everything, but for open and close, which are of who has claimed the slab.
 * Invariants
 *   1. a block is with the program, or its bit is 0, or somebody who claims has it.
 *   2. base == NULL only while all bits are taken.
 * Edges: STB (a block and its slab's base, from who gives a bit back to who takes it; and whether all are free).
 * Whether a slab is wholly free is read by adding nothing to each word: of two threads that give the last two bits back
 * one comes later in the order of a word that both change, and sees what the other did.
 * Progress: lock-free.  ABA: bits of a set.
 */
#ifndef EPMALLOC_CACHE_SLAB_H
#define EPMALLOC_CACHE_SLAB_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/atomic.h"
#include "sys/bits.h"

enum { EP__SLAB_WORD_BLOCKS = 64 };

/* Of all slabs of a cache the same. */
struct slab_shape {
    uint32_t block_bytes;
    uint32_t first_bytes; /* from the memory's start to the first block */
    uint32_t blocks;
    uint32_t words;
    uint32_t slab_bytes;
    void (*construct)(void *block); /* NULL: nothing is to be done */
};

struct slab {
    /* Of who holds all blocks; read by who holds one. */
    char *base;
    /* Set once. */
    const struct slab_shape *shape;
    uint32_t id;
    /* Any thread: `taken`, then `built`. */
    alignas(EP__CACHE_LINE_BYTES) _Atomic(uint64_t) bits[];
};

/* At the start of a slab's memory. */
struct slab_back {
    uint32_t id; /* whose it is */
};

/* Says what slabs of blocks of that size and alignment are like. */
void ep__slab_shape(struct slab_shape *shape, size_t size, size_t alignment);

static inline size_t ep__slab_descriptor_bytes(const struct slab_shape *shape)
{
    return ep__round_up(offsetof(struct slab, bits) + sizeof(uint64_t) * 2 * shape->words,
                        EP__CACHE_LINE_BYTES);
}

/* A descriptor in fresh memory: all bits are taken. */
void ep__slab_init(struct slab *slab, const struct slab_shape *shape, uint32_t id);

/* Gives a claimed slab memory, and the caller a block of it; the others can be had. */
void *ep__slab_open(struct slab *slab, void *memory);

/* Gives the bits of a claimed slab back. */
void ep__slab_reopen(struct slab *slab);

/* A block, looked for from a word on, which becomes the block's; NULL: none was free. */
void *ep__slab_take(struct slab *slab, uint32_t *word);

/* What became of the word of a bit that was given back. */
struct slab_given {
    bool was_full; /* no block of it was free before */
    bool is_free;  /* every block of it is free, and so perhaps the slab */
};

/* Gives a block back.  False: no block starts there, or it is free already. */
bool ep__slab_give(struct slab *slab, const void *block, struct slab_given *given);

/* Whether every block is free. */
bool ep__slab_is_free(struct slab *slab);

/* Takes every block, if all are free. */
bool ep__slab_claim(struct slab *slab);

#endif
