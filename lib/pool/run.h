/* Runs: pools of one block, of 1 to 16 slots, for what is bigger than every class and not huge.
 *
 * Layer: pool.  Uses: arena, pool.  Used by: cache.
 *
 * A run is born FULL and dies FREE; it is never owned, adopted or counted in a quota, and its map entry stays
 * "nobody", so that every free of it takes the slow path.  Its word decides which of several frees wins.
 * Its length changes in place: growing takes the slots above (bits by compare-and-swap), then writes their
 * kinds, then the length; shrinking does the opposite, in the opposite order.
 *
 * Who may overlap: the run's owner resizes; anybody may look its length up.
 * Edges: SLT (as for pools).  Progress: lock-free.
 */
#ifndef EPMALLOC_POOL_RUN_H
#define EPMALLOC_POOL_RUN_H

#include "pool/pool.h"

/* A run of at least `bytes` (at most EP__RUN_BYTES_MAX) that starts at a multiple of `alignment` (a power of
 * two, at most EP__ARENA_BYTES), out of a free place of an arena, or out of a new arena; is_zero says whether it reads
 * as zero.  NULL: there is no room, or no memory. */
void *ep__run_alloc(size_t bytes, size_t alignment, bool from_new_arena, bool *is_zero);

/* Frees the run; corruption is reported when it is not one any more. */
void ep__run_free(struct pool *pool);

/* Grows or shrinks the run where it stands.  False: it cannot grow there. */
bool ep__run_resize(struct pool *pool, size_t bytes);

/* The run's size in bytes. */
static inline size_t ep__run_bytes(struct pool *pool)
{
    /* order: relaxed -- it changes only in the hands of the run's owner */
    return (size_t)ep__load_relaxed(&pool->run_slots) << EP__SLOT_LOG2;
}

#endif
