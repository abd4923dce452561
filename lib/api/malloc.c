/* ep_malloc, ep_calloc, ep_free.  Contracts: include/epmalloc/epmalloc.h. */
#include <epmalloc/epmalloc.h>

#include "api/fast.h"
#include "api/zeroed.h"

void *ep_malloc(size_t size)
{
    return ep__fast_malloc(size);
}

void ep_free(void *p)
{
    ep__fast_free(p);
}

void *ep_calloc(size_t count, size_t size)
{
    return ep__zeroed_alloc(count, size);
}
