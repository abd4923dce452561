/* calloc: what its names share.  Layer: api.  Uses: api/fast.h, cache.  Used by: malloc, libc. */
#ifndef EPMALLOC_API_ZEROED_H
#define EPMALLOC_API_ZEROED_H

#include <errno.h>
#include <string.h>

#include "api/fast.h"

/* count * size zeroed bytes; NULL and ENOMEM.  Small blocks are cleared; for bigger ones the slow path knows
 * which pages still read as zero. */
EP__INLINE void *ep__zeroed_alloc(size_t count, size_t size)
{
    size_t bytes;
    if (ep__unlikely(__builtin_mul_overflow(count, size, &bytes))) {
        errno = ENOMEM;
        return NULL;
    }
    if (bytes > EP__SMALL_BYTES_MAX)
        return ep__cache_calloc(bytes);
    void *p = ep__fast_malloc(bytes);
    return ep__likely(p != NULL) ? memset(p, 0, bytes) : NULL;
}

#endif
