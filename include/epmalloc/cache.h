/*
 * epmalloc - caches of one type, whose blocks readers may look at after they are freed.
 *
 * Included by epmalloc.h, whose head explains the lines that docstrings end in.
 *
 * A cache has blocks of one size. A block that is freed may be given out again at once, by the
 * same cache. With EP_CACHE_TYPE_STABLE its memory becomes something else only after a grace period
 * of the program's sections (epoch.h): who has found a block in a section may go on reading it
 * there, finds an object of the same type, and has to check that it still is the one it wanted.
 * docs/type_stable.md tells how, and why.
 */
#ifndef EPMALLOC_CACHE_H
#define EPMALLOC_CACHE_H

#ifndef EPMALLOC_EPMALLOC_H
#error "include <epmalloc/epmalloc.h>"
#endif

struct ep_cache;

/* For ep_cache_create(): memory stays of the type until the sections that may see it have ended. */
#define EP_CACHE_TYPE_STABLE 1U

/*
 * ep_cache_create - makes a cache of blocks of one size.
 *
 * Example:
 *     struct ep_cache *cache = ep_cache_create(48, 0, EP_CACHE_TYPE_STABLE, NULL);
 *     if (cache == NULL)
 *         return 1;
 *     void *block = ep_cache_alloc(cache);
 *     ep_cache_free(cache, block);
 *     if (ep_cache_destroy(cache) != 0)
 *         return 2;
 *
 * size      bytes of a block, 0 to 64 KiB.
 * align     of a block: a power of two up to 4 KiB; 0: none is asked for. Blocks are aligned to 16 at
 *           least.
 * flags     0 or EP_CACHE_TYPE_STABLE.
 * construct NULL, or called once for each block before it is given out for the first time: with
 *           new memory, not each time that a block is allocated. So what it makes (locks, counters, list
 *           heads) is the state in which ep_cache_free() has to get the block back. Called by
 *           the thread that allocates; it may allocate, and must return.
 * Returns the cache; NULL when that is not possible.
 * errno     EINVAL for an argument outside these; ENOMEM; untouched on success.
 *
 * Nothing is written into a free block. The first content of blocks without a constructor is
 * undefined. A cache takes about 2 MiB of address space, and memory as it grows, up to 2^18 slabs
 * of 64 KiB and more.
 *
 * Threads   any, at any time.
 * Progress  lock-free.
 * Signals   as ep_malloc().
 */
EP_API struct ep_cache *ep_cache_create(size_t size, size_t align, unsigned flags,
                                        void (*construct)(void *block)) EP_USE_RESULT;

/*
 * ep_cache_alloc - allocates a block of a cache.
 *
 * Example:
 *     struct ep_cache *cache = ep_cache_create(sizeof(int), 0, 0, NULL);
 *     int *number = cache == NULL ? NULL : ep_cache_alloc(cache);
 *     if (number == NULL)
 *         return 1;
 *     *number = 1;
 *     ep_cache_free(cache, number);
 *     if (ep_cache_destroy(cache) != 0)
 *         return 2;
 *
 * cache     of ep_cache_create().
 * Returns a block as its last holder, or the constructor, has left it; NULL when there is no memory. The
 * block is for ep_cache_free() only: ep_free(), ep_realloc() and ep_free_deferred() report it as corruption,
 * and ep_usable_size() and ep_owns() do not know it.
 * errno     ENOMEM on failure, untouched on success.
 *
 * Threads   any, at any time.
 * Progress  lock-free, but for the constructor.
 * Signals   as ep_malloc().
 * Ordering  what was done to the block before it was freed happens before the return. A reader that does
 *           not hold the block may see it change hands at any moment.
 */
EP_API void *ep_cache_alloc(struct ep_cache *cache) EP_USE_RESULT;

/*
 * ep_cache_free - gives a block back to its cache, at once.
 *
 * Example:
 *     struct ep_cache *cache = ep_cache_create(100, 0, EP_CACHE_TYPE_STABLE, NULL);
 *     if (cache == NULL)
 *         return 1;
 *     ep_cache_free(cache, ep_cache_alloc(cache));
 *     if (ep_cache_destroy(cache) != 0)
 *         return 2;
 *
 * cache     the cache that the block is of.
 * p         a block in use that has been unlinked; or NULL (nothing happens). What is no block of the cache,
 *           and a block that is free already, end the process with one line.
 * errno     untouched.
 *
 * Of slabs without a block in use a cache keeps one. The memory of others goes back: with
 * EP_CACHE_TYPE_STABLE by a deferred free, so it counts against deferred_bytes, and stays with the cache while
 * the bound is reached.
 *
 * Threads   any, at any time.
 * Progress  lock-free; it never waits for a section.
 * Signals   as ep_malloc().
 */
EP_API void ep_cache_free(struct ep_cache *cache, void *p);

/*
 * ep_cache_destroy - ends a cache that has no block in use.
 *
 * Example:
 *     struct ep_cache *cache = ep_cache_create(100, 64, 0, NULL);
 *     if (cache == NULL || ep_cache_destroy(cache) != 0)
 *         return 1;
 *
 * cache     of ep_cache_create(), or NULL (nothing happens). Readers may still be looking at its blocks,
 *           in sections; nobody may be in a call with it.
 * Returns 0: the cache is no more; -1 when it goes on.
 * errno     EBUSY when a block is in use; ENOMEM when its memory could not be deferred; untouched on
 *           success.
 *
 * Threads   one, alone with the cache.
 * Progress  lock-free; time in proportion to the slabs that there ever were at once.
 * Signals   as ep_malloc().
 */
EP_API int ep_cache_destroy(struct ep_cache *cache) EP_USE_RESULT;

#endif
