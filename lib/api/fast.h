/* The fast paths: what nearly every call of malloc and free is.
 *
 * Layer: api.  Uses: cache.  Used by: every function of api that allocates or frees.
 *
 * The fast path knows nothing: malloc pops the list of the size class; free finds the pool, sees that it is
 * the thread's own, pushes.  No counters, hooks or option tests; every feature works by making the fast path
 * miss.  malloc has one dependent load to its result and two to its end; free has three branches: in the
 * window (NULL and foreign pointers fail here), mine, countdown.
 *
 * Each ends in a jump to its slow path, so that callers compile to code without a stack frame.
 */
#ifndef EPMALLOC_API_FAST_H
#define EPMALLOC_API_FAST_H

#include "cache/cache.h"

/* A block of at least size bytes; NULL with ENOMEM. */
EP__INLINE void *ep__fast_malloc(size_t size)
{
    if (ep__likely(size <= EP__SMALL_BYTES_MAX)) {
        size_t units = (size + 15) >> 4;
        struct block *block = ep__tls.heads[units];
        if (ep__unlikely(block == NULL))
            return ep__cache_malloc_small(size, units);
        ep__tls.heads[units] = block->next;
        return block;
    }
    struct cache *cache = ep__tls.cache;
    if (ep__unlikely(size > EP__CLASS_BYTES_MAX || cache == NULL))
        return ep__cache_malloc(size);
    size_t class = ep__medium_classes[(size - 1) >> 6];
    struct block **head = &cache->heads[class - EP__SMALL_CLASSES];
    struct block *block = *head;
    if (ep__unlikely(block == NULL))
        return ep__cache_malloc(size);
    *head = block->next;
    return block;
}

/* A block of at least `size` bytes (1 or more) from a list of the thread's; NULL: ask the slow path. */
EP__INLINE void *ep__fast_pop(size_t size)
{
    struct cache *cache = ep__tls.cache;
    if (ep__unlikely(size > EP__CLASS_BYTES_MAX || cache == NULL))
        return NULL;
    struct block **head = ep__cache_head(cache, ep__size_class_of(size));
    struct block *block = *head;
    if (ep__likely(block != NULL))
        *head = block->next;
    return block;
}

/* Pushes p onto the list of its pool, where that is the thread's; false: ask the slow path. */
EP__INLINE bool ep__fast_push(void *p)
{
    uint64_t slot = ((uintptr_t)p - ep__tls.base) >> EP__SLOT_LOG2;
    if (ep__unlikely(slot >= ep__tls.slot_limit))
        return false;
    /* order: relaxed -- only the thread's own id matters: it stored that itself, and overwrites it before it
     * gives the pool away; a stale value of another thread's only sends us to the ownership word */
    if (ep__unlikely(ep__load_relaxed(&ep__tls.owners[slot]) != ep__tls.tag))
        return false;
    struct pool *pool = (struct pool *)(void *)(ep__tls.pools + slot * EP__DESCRIPTOR_BYTES);
    struct block **sink = pool->sink;
    struct block *block = p;
    block->next = *sink;
    *sink = block;
    if (ep__unlikely(--pool->countdown == 0))
        ep__cache_free_event(pool);
    return true;
}

EP__INLINE void ep__fast_free(void *p)
{
    if (ep__unlikely(!ep__fast_push(p)))
        ep__cache_free(p);
}

/* free where the program says how big the block is, which only the checking mode looks at. */
EP__INLINE void ep__fast_free_sized(void *p, size_t size)
{
    if (ep__unlikely(!ep__fast_push(p)))
        ep__cache_free_sized(p, size);
}

#endif
