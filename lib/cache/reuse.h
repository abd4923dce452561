/* Reuse: blocks of other threads' pools that the thread allocates again itself.
 *
 * Layer: cache.  Uses: pool, batch, free.  Used by: cache (free, refill, thread), observe.
 *
 * Algorithm.  A block that the thread frees and whose pool another thread owns joins the list that malloc pops, when
 * the thread allocates from that class.  To its pool it stays live, as if the program had kept it; no shared word is
 * touched, and the next owner of the memory has it in his processor's cache.  Without it, threads that exchange
 * blocks send them home faster than they come back: with more threads than processors each turn of a thread replaces
 * the live blocks of the others by blocks of its own, and the heap becomes the live memory times the threads.
 *
 * malloc does not count what it pops, so what has been reused is bounded from the other end.  A class has room for
 * `reuse_most` such blocks between two refills.  The first of them sets the rest of the list aside, to where refill
 * looks first: then the list runs dry when they are used up, and there is room again.  Where the room is used up first,
 * the list is counted; when more than half is still there, half as many blocks as may be reused go home before
 * it is counted again.
 *
 * reuse_most is 0 at first.  It becomes 8 when the thread has sent 384 blocks of the class home and there are more than
 * twice as many threads as processors, and doubles by each refill after a block was refused, to 64 KiB or 8 blocks, in
 * all classes together to 512 KiB.  Why so late: a reused block stays another's, and each of its frees takes the slow
 * path, for good; a block that goes home is its owner's again.  So reuse is for threads among which blocks change hands
 * all the time.  A thread that only frees reuses nothing, nor does one that inherits blocks once.  With a processor
 * for each thread the owners take their blocks back soon enough.
 *
 * A list that a watcher has cut stays as it is: what is freed must not lengthen it (refill.h).
 *
 * The owner only.  Invariants: a reused block is on the list that malloc pops, never on a pool's; no list without a
 * current pool.  Progress: wait-free; giving back is lock-free (the push).
 * Source: thread caches, as in Bonwick and Adams, "Magazines and Vmem" (USENIX 2001); what is new is the bound without
 * a count in malloc.
 */
#ifndef EPMALLOC_CACHE_REUSE_H
#define EPMALLOC_CACHE_REUSE_H

#include "cache/cache.h"

enum {
    EP__REUSE_AFTER_BLOCKS = 384,
    EP__REUSE_CROWD = 2, /* threads for each processor */
    EP__REUSE_FIRST = 8,
    EP__REUSE_CLASS_BYTES = 64 << 10,
    EP__REUSE_BYTES = 512 << 10,
};

/* Puts the block at p on the list that malloc pops.  False: it is none of another thread's, or there is no room. */
bool ep__reuse_take(void *p);

/* The class's list had run dry and has been filled: there is room again, and more where it was not enough. */
void ep__reuse_wind(struct cache *cache, unsigned class);

/* Sends home what is on the thread's lists; nothing is reused any more.  `adopt` false: without becoming owner. */
void ep__reuse_give_back(struct cache *cache, bool adopt);

/* How many blocks of a pool of a class are on the list that the thread's malloc pops; its own current pool's among them.
 * Any pool: nothing is read of it that its owner writes. */
uint32_t ep__reuse_count(struct cache *cache, const struct pool *pool, unsigned class);

/* The most blocks that the list of a class can have. */
uint32_t ep__reuse_listed_max(const struct cache *cache, unsigned class);

#endif
