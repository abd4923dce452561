/* The quota: what a thread may hold outside its current pools, in bytes.
 *
 * Layer: cache.  Uses: pool.  Used by: cache (refill, free, thread).
 *
 * Algorithm.  Usable and held pools stand in one list by age.  Each is charged the bytes of the free blocks
 * that its last event counted plus a sixteenth of its size (so that full pools, which cost nothing yet, are
 * bounded too).  Whoever adds or recounts a pool while the sum is above thread_bytes gives up the oldest
 * ones; taking the remote list on the way finds those that have become empty.  A thread always adopts; of a
 * class that it does not allocate from it holds at most two.
 *
 * A quota in pools instead would make every later free of a big single-threaded heap a compare-and-swap.
 * The owner only.  Progress: lock-free (release of a pool).
 */
#ifndef EPMALLOC_CACHE_QUOTA_H
#define EPMALLOC_CACHE_QUOTA_H

#include "cache/cache.h"

/* Puts a pool at the end of a list of its bin (place: EP__IN_USABLE or EP__IN_HELD). */
void ep__quota_enlist(struct cache *cache, struct pool *pool, enum ep__pool_place place);

/* Takes a usable or held pool off its list and off the list by age. */
void ep__quota_delist(struct cache *cache, struct pool *pool);

/* Notes that a usable or held pool's list has `listed` blocks. */
void ep__quota_recount(struct cache *cache, struct pool *pool, uint32_t listed);

/* Gives pools up until the thread is within its quota. */
void ep__quota_enforce(struct cache *cache);

/* Gives up a usable or held pool. */
void ep__quota_give_up(struct cache *cache, struct pool *pool);

/* Starts the countdown to a non-current pool's next event, from what its list holds: an eighth free, half free,
 * all free. */
void ep__quota_wind(struct pool *pool);

#endif
