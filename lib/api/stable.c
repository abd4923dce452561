/* Type-stable caches.  Contracts: include/epmalloc/cache.h. */
#include <epmalloc/epmalloc.h>
#include <errno.h>

#include "cache/stable.h"

struct ep_cache *ep_cache_create(size_t size, size_t align, unsigned flags,
                                 void (*construct)(void *block))
{
    if (align == 0)
        align = 1;
    if (size > EP__STABLE_BYTES_MAX || align > EP__STABLE_ALIGNMENT_MAX ||
        !ep__is_power_of_two(align) || (flags & ~EP_CACHE_TYPE_STABLE) != 0) {
        errno = EINVAL;
        return NULL;
    }
    struct ep_cache *cache =
        ep__stable_create(size, align, (flags & EP_CACHE_TYPE_STABLE) != 0, construct);
    if (cache == NULL)
        errno = ENOMEM;
    return cache;
}

void *ep_cache_alloc(struct ep_cache *cache)
{
    return ep__stable_alloc(cache);
}

void ep_cache_free(struct ep_cache *cache, void *p)
{
    if (p != NULL)
        ep__stable_free(cache, p);
}

int ep_cache_destroy(struct ep_cache *cache)
{
    int error = cache == NULL ? 0 : ep__stable_destroy(cache);
    if (error == 0)
        return 0;
    errno = error;
    return -1;
}
