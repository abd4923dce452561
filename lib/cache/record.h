/* Records: what is known of a tracked block, outside of it.
 *
 * Layer: cache.  Uses: sys, arena (addresses only).  Used by: cache (tracked), observe.
 *
 *     roots[2^13] -> node[2^13] -> area: 64 slots of 64 KiB address space, up to 4096 records each
 *
 * A block of a pool has the record of its slot and index, a run or a huge block the first record of the slot in which it
 * starts; no two huge blocks start in the same MiB, so every tracked block has a record of its own.  An area is mapped
 * when the first block of its 4 MiB is tracked, touched where records are used, and never unmapped: a reader may look at
 * any record at any time.
 *
 * Algorithm.  The word says whether a block is tracked: NONE, LIVE, KEPT (freed by the program, held back).  Who has just
 * got a block says BEGUN, writes the fields and then LIVE; one compare-and-swap LIVE -> NONE or KEPT decides which of several frees
 * wins; the block goes back only afterwards.  Readers read the word, the fields and the word again; the generation
 * changes with each step.
 *
 * Who may overlap: readers with everything; writers of one record are ordered by the block itself, but for frees, which
 * the word decides.
 * Invariant: a record is LIVE or KEPT only while its block is with the program or with who holds it back.
 * Edges: RCD (a record's fields, from who got the block to readers and to who frees it), RCA (nodes and areas).
 * ABA: a word that came back has another generation; 2^32 allocations of one block between two looks.
 * Progress: lock-free.  Fails: no memory for an area: NULL, and the block is not tracked.
 */
#ifndef EPMALLOC_CACHE_RECORD_H
#define EPMALLOC_CACHE_RECORD_H

#include "pool/pool.h"

enum ep__record_state {
    EP__RECORD_NONE,
    EP__RECORD_LIVE,
    EP__RECORD_KEPT,  /* freed by the program, and not given back yet */
    EP__RECORD_BEGUN, /* being written: read as NONE, without a last life */
};

/* Flags of a tracked block. */
enum {
    EP__TRACKED_EXACT =
        1, /* ep_usable_size() is what was asked for; the block is never resized in place */
    EP__TRACKED_GUARDED = 2, /* a run whose last pages cannot be touched */
};

struct tracked_record {
    _Atomic(uint64_t) word;      /* generation : 32 | front : 16 | flags : 8 | state : 8 */
    _Atomic(uint64_t) values[7]; /* the first words of struct tracked */
};
_Static_assert(sizeof(struct tracked_record) == EP__CACHE_LINE_BYTES, "a record is a cache line");

/* A copy of a record, all of one moment. */
struct tracked {
    char *
        address; /* what the program has; the block of the pool, run or mapping starts `front` bytes below */
    size_t size;          /* as asked for */
    uint64_t serial;      /* 1, 2, ... over all tracked blocks of the process */
    uint64_t time_ns;     /* of the allocation, by ep__clock_ns() */
    uint64_t weight;      /* whatever the watcher gave (a sampler: the size of the block) */
    uint32_t thread;      /* the kernel's number of the allocating thread */
    uint32_t stack;       /* the watcher's id of its stack; 0: none */
    uint32_t free_thread; /* of who freed it, where the watcher has noted it */
    uint32_t free_stack;
    uint32_t front;
    uint32_t flags;
    enum ep__record_state state;
};
_Static_assert(offsetof(struct tracked, front) == 56,
               "what stands before it are a record's values");

/* The record of the i-th block of what starts in the slot at `start` (0 for runs and huge blocks), its area made where
 * there is none; NULL: no memory. */
struct tracked_record *ep__record_make(const void *start, uint32_t i);

/* The same where there is one; NULL: nothing near was ever tracked.  Async-signal-safe. */
struct tracked_record *ep__record_find(const void *start, uint32_t i);

/* Copies a record.  False: NONE; the copy is then of its last life.  Any thread, async-signal-safe. */
bool ep__record_read(struct tracked_record *record, struct tracked *copy);

/* The caller has got the block and writes its record: LIVE. */
void ep__record_begin(struct tracked_record *record, const struct tracked *values);

/* LIVE -> next (NONE or KEPT); false: it was not LIVE, so another free was first.  *copy is what was there. */
bool ep__record_end(struct tracked_record *record, enum ep__record_state next,
                    struct tracked *copy);

/* Who has made the record KEPT notes who freed the block. */
void ep__record_note_free(struct tracked_record *record, uint32_t thread, uint32_t stack);

/* KEPT -> NONE; false: it was not KEPT. */
bool ep__record_drop(struct tracked_record *record);

/* Visits every record that is not NONE, until a visit returns non-zero; returns that.  Beside anything: what is tracked
 * during the whole call is visited once. */
int ep__record_each(int (*visit)(const struct tracked *tracked, void *argument), void *argument);

#endif
