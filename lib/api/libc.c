/* The C library's names, with glibc's contracts.
 *
 * Where glibc 2.36 does more than the standards ask, so do these: realloc(p, 0) frees p and returns NULL;
 * memalign() and aligned_alloc() round an alignment up to a power of two; malloc(0) is a block; a size above
 * PTRDIFF_MAX fails with ENOMEM.  errno is untouched on success and by every free.
 *
 * The fast paths are in line, so that malloc and free are no longer than ep_malloc and ep_free; the rest
 * are jumps to them.
 */
#include <epmalloc/epmalloc.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#include "api/alignment.h"
#include "api/zeroed.h"
#include "sys/vm.h"

#define EXPORTED __attribute__((visibility("default")))

/* C23 names that older headers do not declare. */
void free_sized(void *p, size_t size);
void free_aligned_sized(void *p, size_t alignment, size_t size);

EXPORTED void *malloc(size_t size)
{
    return ep__fast_malloc(size);
}

EXPORTED void free(void *p)
{
    ep__fast_free(p);
}

EXPORTED void *calloc(size_t count, size_t size)
{
    return ep__zeroed_alloc(count, size);
}

EXPORTED void *realloc(void *p, size_t size)
{
    return ep_realloc(p, size);
}

EXPORTED void *reallocarray(void *p, size_t count, size_t size)
{
    return ep_reallocarray(p, count, size);
}

EXPORTED void free_sized(void *p, size_t size)
{
    ep__fast_free_sized(p, size);
}

EXPORTED void free_aligned_sized(void *p, size_t alignment, size_t size)
{
    (void)alignment;
    ep__fast_free_sized(p, size);
}

EXPORTED void *memalign(size_t alignment, size_t size)
{
    return ep_memalign(alignment, size);
}

/* glibc 2.36: the same function as memalign(). */
EXPORTED void *aligned_alloc(size_t alignment, size_t size)
{
    return ep_memalign(alignment, size);
}

EXPORTED int posix_memalign(void **out, size_t alignment, size_t size)
{
    return ep_posix_memalign(out, alignment, size);
}

EXPORTED void *valloc(size_t size)
{
    return ep_memalign(ep__vm_page_bytes(), size);
}

EXPORTED void *pvalloc(size_t size)
{
    size_t page = ep__vm_page_bytes();
    if (size > PTRDIFF_MAX - page) {
        errno = ENOMEM;
        return NULL;
    }
    return ep_memalign(page, ep__round_up(size, page));
}

EXPORTED size_t malloc_usable_size(void *p)
{
    return ep__cache_usable_size(p);
}
