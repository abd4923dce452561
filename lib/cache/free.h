/* What the fast path of free does not do.
 *
 * Layer: cache.  Uses: pool, batch, quota, detached, lookup.  Used by: cache, api.
 *
 * Algorithm.  A block of a pool that is the thread's own after all (an inner slot, a second window) is pushed
 * like the fast path does.  Any other block of a pool goes to the ownership word, by a batch or at once; runs
 * and huge blocks have their own ways; a pointer that is not ours is named on stderr and ignored.
 *
 * When a pool's countdown reaches zero: a current pool is parked again and nothing is concluded.  Any other
 * is settled: the remote list is taken, the blocks are counted, and then the pool is empty, or usable, or
 * waits for its next event: an eighth free, then a quarter more each time.
 *
 * Progress: lock-free.
 */
#ifndef EPMALLOC_CACHE_FREE_H
#define EPMALLOC_CACHE_FREE_H

#include "cache/cache.h"

/* Makes a pool that the thread has just adopted one of its own: map entry, lists, quota. */
void ep__free_take_in(struct cache *cache, struct pool *pool);

/* Frees a chain of blocks of one pool; the batch is used up. */
void ep__free_batch(struct cache *cache, struct batch *batch);

/* Recounts a usable or held pool and puts it where it belongs; it may be gone afterwards. */
void ep__free_settle(struct cache *cache, struct pool *pool);

#endif
