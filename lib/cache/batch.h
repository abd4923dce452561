/* Outbound batches: blocks of other threads' pools, collected and given back one batch a pool.
 *
 * Layer: cache.  Uses: pool, quota.  Used by: cache (free, thread), observe.
 *
 * Algorithm.  64 places indexed by the pool's slot.  A block of an OWNED or PARTIAL pool opens a batch of up to
 * 4 KiB, which later blocks of that pool join without a look at anything but the place.  A batch leaves when it
 * is full, when its place is wanted for another pool, and with all others when they come to more than
 * batch_bytes, or when the thread is idle or exits.  No batch is opened for a FULL pool, which is adopted at
 * once, nor for the block that a PARTIAL pool lacks to be empty; a pool that gets there while its batch is open
 * waits for the batch.  A withheld block is live to its pool.
 *
 * The owner only.  Bound: batch_bytes a thread.  Progress: lock-free (the push).
 */
#ifndef EPMALLOC_CACHE_BATCH_H
#define EPMALLOC_CACHE_BATCH_H

#include "cache/cache.h"

/* Adds the block at p to the open batch of its pool.  False: there is none, or p does not start a block of it. */
bool ep__batch_join(void *p);

/* Frees a block of a pool that the thread does not own, now or with others. */
void ep__batch_free(struct cache *cache, struct pool *pool, struct block *block);

/* Pushes a batch, and takes in the pool where that makes the thread its owner. */
void ep__batch_send(struct cache *cache, const struct batch *batch, bool adopt);

/* The batch of blocks of the pool that the thread withholds: free, and not on the pool's word yet.  NULL: none. */
const struct batch *ep__batch_withheld(const struct cache *cache, const struct pool *pool);

/* Sends all batches; `adopt` false: without becoming owner of anything (the thread is exiting). */
void ep__batch_flush(struct cache *cache, bool adopt);

#endif
