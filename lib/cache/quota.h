/* The quota: what a thread may hold outside its current pools, in bytes.
 *
 * Layer: cache.  Uses: pool.  Used by: cache (refill, free, thread).
 *
 * Algorithm.  Each usable or held pool is charged what it can hold before its next event, when the countdown
 * has run out: an eighth of its blocks, then each time a quarter more.  So the sum of the charges is never below what
 * the thread holds.  Whoever adds or recounts a pool while the sum is above the bound gives pools up, going
 * round the classes, the oldest of a class first, and usable ones before held ones, because they hold most and
 * others can claim them; taking the remote list on the way finds those that have become empty.  (One list of
 * all pools by age costs four more cache lines a transition.)  A thread always adopts; of a class that it does not allocate from it holds at most two.
 *
 * The bound is thread_bytes, or thread_percent of the thread's share, which is the memory in use by the number of
 * threads: a thread that frees a big heap in another order than it was allocated in has all its pools partly free
 * for a long time, and would pay for each free into those given up.  Where upkeep is done (upkeep.h) it is a sixteenth of
 * that: what a thread holds cannot go back while it sleeps, and what it gives up can.
 *
 * A quota in pools instead would make every later free of a big single-threaded heap a compare-and-swap.
 * The owner only.  Invariant: listed + step blocks are the most that a usable or held pool's list has before
 * its next event.  Progress: lock-free (release of a pool).
 */
#ifndef EPMALLOC_CACHE_QUOTA_H
#define EPMALLOC_CACHE_QUOTA_H

#include "cache/cache.h"

/* Puts a pool whose list has `listed` blocks at the end of a list of its bin (EP__IN_USABLE or EP__IN_HELD) and
 * starts the countdown to its next event. */
void ep__quota_enlist(struct cache *cache, struct pool *pool, enum ep__pool_place place);

/* Takes a usable or held pool off its list; `listed` is then exact. */
void ep__quota_delist(struct cache *cache, struct pool *pool);

/* Counts a usable or held pool's list again, to which `added` blocks have come, and starts the countdown to its
 * next event. */
void ep__quota_recount(struct cache *cache, struct pool *pool, uint32_t added);

/* Gives the free pages of a usable or held pool back; returns their bytes. */
size_t ep__quota_uncarve(struct cache *cache, struct pool *pool);

/* Puts a held pool at the end of its bin's list. */
void ep__quota_rotate(struct cache *cache, struct pool *pool);

/* Gives pools up until the thread is within its quota. */
void ep__quota_enforce(struct cache *cache);

/* What a thread may be charged now: thread_bytes, or thread_percent of its share of the memory in use. */
size_t ep__quota_bound_bytes(void);

/* From now on somebody does rounds of upkeep. */
void ep__quota_note_upkeep(void);

/* Gives up all usable and held pools of a class. */
void ep__quota_release(struct cache *cache, unsigned class);

/* Gives up a usable or held pool. */
void ep__quota_give_up(struct cache *cache, struct pool *pool);

#endif
