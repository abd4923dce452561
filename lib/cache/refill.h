/* Refill: a class's list has run dry.
 *
 * Layer: cache.  Uses: pool, quota, thread.  Used by: cache, api.
 *
 * Algorithm.  When the list that malloc pops is empty, all blocks of the current pool are out, but for those
 * freed since.  In this order:
 *   own      blocks that the current pool brought along when it became current, or that were set aside (reuse.h)
 *   remote   what others have freed into it
 *   other    a usable pool of the class, oldest first, before more of the current one is touched
 *   carve    the next page of the current pool
 * and when the current pool is full:
 *   held     a full pool of ours into which others have freed enough
 *   partial  a PARTIAL pool that nobody owns
 *   acquire  a slot of the fullest arena
 *   sweep    partial pools that hints may have lost
 *   reclaim  everything again, when deferred frees were due (deferred.h)
 *   create   a slot of a new arena
 *
 * A full pool is disowned, so that whoever frees into it first adopts it: blocks that go to other threads, or
 * outlive the use their maker makes of them, do not stay behind in pools of a thread that may never look at them
 * again.  When a thread adopts what it has disowned itself, its blocks come back to it: then the class's next full
 * pools are held (`keeps`), until more of their frees turn out to be others'.
 *
 * The owner only.  Progress: lock-free.  Fails: NULL, with everything as it was.
 */
#ifndef EPMALLOC_CACHE_REFILL_H
#define EPMALLOC_CACHE_REFILL_H

#include "cache/cache.h"

/* Cuts the list that malloc pops to its first `keep` blocks: the rest go to the current pool's own list, and so do the
 * thread's frees into that pool, until the list has run dry. */
void ep__refill_keep(struct cache *cache, unsigned class, uint32_t keep);

/* A block of a class whose list is empty; the rest of what was found becomes the list.  *is_fresh: all of
 * the block but its first word reads as zero.  NULL: no memory. */
struct block *ep__refill(struct cache *cache, unsigned class, bool *is_fresh);

#endif
