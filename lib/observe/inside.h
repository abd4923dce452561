/* Inside a pool: which of its blocks are free.
 *
 * Layer: observe.  Uses: pool, cache, view.  Used by: walk.
 *
 * Algorithm.  A bit a block, set when the block is free, in a set on the caller's stack.  Whose a pool is decides how
 * its free blocks are found:
 *   own      the thread's lists are followed; what is not carved is free
 *   FULL     none is
 *   PARTIAL  the pool is claimed, as by a thread that wants to allocate, its lists are followed, and it is released: the
 *            links of free blocks may be read by an owner only
 *   another  thread's: nothing is known
 * and what the calling thread withholds of the pool in a batch is free.
 *
 * Any thread, inside an epoch section or not; not in a signal handler.  Who may overlap: everything.  A link that leads
 * out of the pool (a damaged heap) is ignored, and a list is followed for as many blocks as the pool has.
 * Progress: lock-free; a look is repeated when the pool has changed hands.  A thread that is stopped between claim and
 * release hides the pool, as any claimer.
 */
#ifndef EPMALLOC_OBSERVE_INSIDE_H
#define EPMALLOC_OBSERVE_INSIDE_H

#include "observe/view.h"

struct free_set {
    uint64_t words[EP__CAPACITY_MAX / 64];
};

static inline bool ep__free_set_has(const struct free_set *set, uint32_t i)
{
    return set->words[i / 64] >> i % 64 & 1U;
}

/* Fills the set for the pool of a view of kind EP__VIEW_POOL; the view's state, owner and counts are then of the same
 * moment.  False: there is no such pool any more. */
bool ep__inside_look(struct view *view, struct free_set *set);

#endif
