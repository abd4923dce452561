/* Tracked blocks: blocks with a record, whose every allocation and free takes the slow path.
 *
 * Layer: cache.  Uses: pool, arena/huge, detached, record, watch.  Used by: cache (alloc, free), observe.
 *
 * Nouns: a *tracked pool* is a pool of a kind of its own (EP__KIND_TRACKED + class).  It is never mapped to a thread, never
 * adopted, and in no thread's list; its hints are kept apart from those of ordinary pools.  A *tracked block* is a
 * block of such a pool, or a run or huge block, that has a record (record.h).
 *
 * Algorithm.  A block is got as threads without a control block get theirs (detached.h): a PARTIAL pool is claimed or a
 * new one acquired, one block taken, the pool released.  The map entry stays "nobody", so that every free comes to
 * ep__cache_free, where the slot's kind says that the block is tracked.  There the record decides: LIVE -> NONE, and the
 * block is pushed to the pool's word; or, where the watcher wants it so, LIVE -> KEPT, and the watcher gives it back
 * later.  A second free finds the record not LIVE.
 * The pools count in the account like all others: at rest their words say exactly how many blocks are out.  A block
 * that is kept counts as in use.
 *
 * Who may overlap: everything.
 * Invariants
 *   1. the map entry of a tracked pool is EP__OWNER_NOBODY, always.
 *   2. a block of a tracked pool is with the program only while its record is LIVE.
 * Edges: those of pool.h and record.h.
 * Progress: lock-free.  A thread stopped at any instruction hides at most one pool.
 * Fails: no memory: NULL.
 */
#ifndef EPMALLOC_CACHE_TRACKED_H
#define EPMALLOC_CACHE_TRACKED_H

#include "cache/lookup.h"
#include "cache/record.h"

/* An allocation that is to be tracked. */
struct tracking {
    size_t size;
    size_t alignment; /* a power of two; 1: any */
    size_t
        front; /* bytes of the block before the program's, a multiple of the alignment; at most 4096 */
    size_t back;     /* bytes of the block after the program's, at least */
    uint64_t weight; /* for the record */
    uint32_t stack;
    uint32_t flags;
};

/* A tracked block; its address is what the program gets.  NULL: no memory. */
void *ep__tracked_alloc(const struct tracking *tracking);

/* Gives a run or huge block that the caller has, and that starts at p, a record.  False: no memory. */
bool ep__tracked_attach(void *p, const struct tracking *tracking);

/* The tracked block that the program has at p, or that contains p: its copy.  False: none.  Any thread,
 * async-signal-safe. */
bool ep__tracked_look(const void *p, struct tracked *copy);

/* Frees p if it is tracked: asks the watcher, and gives it back or leaves it KEPT.  False: nothing tracked is there.
 * `size` is what a sized free says, or EP__SIZE_UNKNOWN.  Reports misuse. */
bool ep__tracked_free(void *p, const struct found *found, size_t size);

/* Gives a KEPT block back, by its copy. */
void ep__tracked_give_back(const struct tracked *tracked);

#define EP__SIZE_UNKNOWN SIZE_MAX

#endif
