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
#include "cache/watch.h"

#define EP__SIZE_UNKNOWN SIZE_MAX

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

/* A tracked block; its address is what the program gets.  *is_zero: it reads as zero.  NULL: no memory. */
void *ep__tracked_alloc(const struct tracking *tracking, bool *is_zero);

/* Gives a run or huge block that the caller has, and that starts at p, a record.  False: no memory. */
bool ep__tracked_attach(void *p, const struct tracking *tracking);

/* Whether runs or huge blocks may have records: asked before those are looked for. */
bool ep__tracked_has_big(void);

/* The record of the block of a tracked pool, of the run or of the huge block in which p lies (of a huge one, in its first
 * page); NULL: none.  Whether the record is LIVE is another question.  Any thread, async-signal-safe. */
struct tracked_record *ep__tracked_find(const void *p, const struct found *found);

/* Copies the record of the tracked block that the program has at p.  False: there is none. */
bool ep__tracked_read(const void *p, const struct found *found, struct tracked *copy);

/* Ends the record of a run or huge block that is going to be resized; *copy is for ep__tracked_restore, if it was not.
 * False: it had none. */
bool ep__tracked_detach(const void *p, const struct found *found, struct tracked *copy);
void ep__tracked_restore(const struct tracked *copy);

/* Frees p if it is tracked: asks the watcher, and gives it back or leaves it KEPT.  False: nothing tracked is there.
 * `size` is what a sized free says, or EP__SIZE_UNKNOWN.  Reports misuse. */
bool ep__tracked_free(void *p, const struct found *found, size_t size);

/* Gives a block back whose record is NONE by now, or was KEPT, by its copy.  False: another thread was first. */
bool ep__tracked_give_back(const struct tracked *tracked);

/* Reports that p, which lies in or near a tracked block, was misused. */
void ep__tracked_report(enum ep__misuse misuse, const void *p, const struct found *found);

#endif
