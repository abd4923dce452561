/* ep_realloc and ep_reallocarray.  Contracts: include/epmalloc/epmalloc.h. */
#include <epmalloc/epmalloc.h>
#include <errno.h>
#include <string.h>

#include "api/fast.h"
#include "cache/watch.h"
#include "sys/foreign.h"
#include "sys/report.h"

/* A block stays when it is big enough and at least half used. */
static bool may_stay(size_t usable, size_t size)
{
    return size <= usable && (size >= usable / 2 || usable <= 64);
}

static void *copy_to_new(void *p, size_t usable, size_t size)
{
    void *fresh = ep__fast_malloc(size);
    if (fresh == NULL)
        return NULL;
    memcpy(fresh, p, usable < size ? usable : size);
    ep__fast_free(p);
    return fresh;
}

/* Not the start of a block in use: ours and misused, or not ours. */
static void *refuse(void *p, const void *call_site)
{
    ep__cache_refuse_realloc(p);
    if (ep__window_find(p) != NULL)
        ep__report_corruption("realloc of a pointer that does not start a block in use:", p);
    ep__foreign_report("realloc", p, call_site);
    errno = ENOMEM;
    return NULL;
}

/* realloc for p != NULL and size != 0. */
static void *resize(void *p, size_t size, const void *call_site)
{
    size_t usable = ep__cache_usable_size(p);
    if (ep__unlikely(usable == 0) && !ep__cache_owns(p))
        return refuse(p, call_site);
    if (ep__unlikely(ep__watch_get() != NULL) && ep__cache_is_exact(p))
        return copy_to_new(p, usable, size);
    if (size > EP__CLASS_BYTES_MAX && usable > EP__CLASS_BYTES_MAX) {
        void *same = ep__cache_realloc_inplace(p, size);
        if (same != NULL)
            return same;
    }
    if (may_stay(usable, size))
        return p;
    int saved = errno;
    void *moved = copy_to_new(p, usable, size);
    if (moved != NULL || size > usable)
        return moved;
    /* A smaller block that cannot be had: the old one still serves. */
    errno = saved;
    return p;
}

void *ep_realloc(void *p, size_t size)
{
    if (p == NULL)
        return ep__fast_malloc(size);
    if (size == 0) {
        ep__fast_free(p);
        return NULL;
    }
    return resize(p, size, __builtin_return_address(0));
}

void *ep_reallocarray(void *p, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return ep_realloc(p, bytes);
}
