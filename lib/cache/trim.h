/* Trim: what a thread gives back at once, of pools in use as well.
 *
 * Layer: cache.  Uses: retire, uncarve, batch, quota.  Used by: cache (thread, alloc).
 *
 * Algorithm.  What the thread withholds is sent.  Each of its usable and held pools takes in what others have freed;
 * then a wholly free one goes back to its arena, and of the others the free pages are un-carved; so with all PARTIAL
 * pools, and at the end free slots and cached mappings are purged.  The current pools of all threads stay as they are,
 * and what other threads hold, which nobody may touch but they.
 *
 * The calling thread's own pools.  Progress: lock-free, in proportion to the heap.
 */
#ifndef EPMALLOC_CACHE_TRIM_H
#define EPMALLOC_CACHE_TRIM_H

#include "cache/cache.h"

/* Sends what the thread withholds, and gives back what is free in its usable and held pools; returns the bytes. */
size_t ep__trim_own(struct cache *cache);

/* Gives everything free back that the thread may; returns the bytes.  NULL: a thread without a control block. */
size_t ep__trim_all(struct cache *cache);

#endif
