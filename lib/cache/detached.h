/* Detached threads: malloc and free without a control block, or without a pool.
 *
 * Layer: cache.  Uses: pool.  Used by: cache.
 *
 * After a thread's exit destructor, and when owner ids or memory for control blocks have run out; and for the first
 * blocks of a class where many threads live.  Slow and right: a pool is claimed or acquired, one block taken, the
 * pool released again; frees go to the ownership word without adoption.  Nothing is kept between calls, so nothing
 * is lost with the thread.
 *
 * Any thread.  Progress: lock-free.
 */
#ifndef EPMALLOC_CACHE_DETACHED_H
#define EPMALLOC_CACHE_DETACHED_H

#include "cache/cache.h"

/* What has happened, counted for all threads without a control block together. */
extern struct class_events ep__detached_events[EP__CLASSES];

/* A block of a pool of a kind (a class, or EP__KIND_TRACKED + class); NULL: no memory. */
struct block *ep__detached_alloc(unsigned kind);

/* Frees a block into a pool that the thread does not own. */
void ep__detached_free(struct pool *pool, struct block *block);

#endif
