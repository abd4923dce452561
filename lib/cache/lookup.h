/* Lookup: which block of ours starts at an address.
 *
 * Layer: cache.  Uses: arena, pool.  Used by: cache.
 *
 * Reads the tables only, never the memory at the address.  Wait-free, async-signal-safe.
 */
#ifndef EPMALLOC_CACHE_LOOKUP_H
#define EPMALLOC_CACHE_LOOKUP_H

#include "cache/cache.h"

enum ep__found {
    EP__FOUND_NOTHING,    /* not in a window; perhaps huge */
    EP__FOUND_BLOCK,      /* the start of a block of a pool */
    EP__FOUND_TRACKED,    /* in a tracked pool, anywhere (tracked.h) */
    EP__FOUND_RUN,        /* the start of a run */
    EP__FOUND_FREE,       /* in a slot that is in nobody's use */
    EP__FOUND_MISALIGNED, /* inside a pool or run, not at a start */
};

struct found {
    enum ep__found what;
    struct pool *pool;
    unsigned class; /* of a block, or of a tracked pool */
};

struct found ep__lookup(const void *p);

#endif
