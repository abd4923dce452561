/* Outbound batches: blocks of other threads' pools, collected and given back one batch a pool.
 *
 * Layer: cache.  Uses: pool, quota.  Used by: cache (free, thread).
 *
 * Algorithm.  16 places indexed by the pool's slot.  A block of an OWNED pool joins the batch of its pool; a
 * batch leaves when it has 1 KiB, when its place is wanted for another pool, when the thread withholds more
 * than batch_bytes, is idle or exits.  The first block into a pool that is not OWNED is never withheld: a
 * FULL pool is adopted at once, a PARTIAL one may become empty.
 *
 * The owner only.  Bound: 16 pools and batch_bytes a thread.  Progress: lock-free (the push).
 */
#ifndef EPMALLOC_CACHE_BATCH_H
#define EPMALLOC_CACHE_BATCH_H

#include "cache/cache.h"

/* Frees a block of a pool that the thread does not own, now or with others. */
void ep__batch_free(struct cache *cache, struct pool *pool, struct block *block);

/* Sends all batches; `adopt` false: without becoming owner of anything (the thread is exiting). */
void ep__batch_flush(struct cache *cache, bool adopt);

#endif
