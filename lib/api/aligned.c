/* Aligned blocks and sized frees, under their own names.  Contracts: include/epmalloc/epmalloc.h. */
#include <epmalloc/epmalloc.h>
#include <errno.h>

#include "api/alignment.h"

void *ep_aligned_alloc(size_t alignment, size_t size)
{
    if (!ep__is_power_of_two(alignment)) {
        errno = EINVAL;
        return NULL;
    }
    return ep__fast_aligned(alignment, size);
}

void *ep_memalign(size_t alignment, size_t size)
{
    alignment = ep__alignment_round_up(alignment);
    if (alignment == 0) {
        errno = EINVAL;
        return NULL;
    }
    return ep__fast_aligned(alignment, size);
}

int ep_posix_memalign(void **out, size_t alignment, size_t size)
{
    if (!ep__is_power_of_two(alignment) || alignment % sizeof(void *) != 0)
        return EINVAL;
    int errno_before = errno;
    void *p = ep__fast_aligned(alignment, size);
    if (p == NULL) {
        errno = errno_before;
        return ENOMEM;
    }
    *out = p;
    return 0;
}

void ep_free_sized(void *p, size_t size)
{
    ep__fast_free_sized(p, size);
}

void ep_free_aligned_sized(void *p, size_t alignment, size_t size)
{
    (void)alignment;
    ep__fast_free_sized(p, size);
}
