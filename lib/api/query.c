/* Questions about blocks.  Contracts: include/epmalloc/epmalloc.h.
 *
 * None of them initialises anything, so all are async-signal-safe: before the first allocation the answer
 * is that of an empty heap. */
#include <epmalloc/epmalloc.h>

#include "arena/window.h"
#include "cache/cache.h"
#include "pool/size_class.h"
#include "sys/vm.h"

size_t ep_usable_size(const void *p)
{
    return ep__cache_usable_size(p);
}

bool ep_owns(const void *p)
{
    return ep__cache_owns(p);
}

size_t ep_address_range(void **start)
{
    struct window *window = ep__window_at(0);
    *start = window == NULL ? NULL : window->base;
    return window == NULL ? 0 : (size_t)window->slot_count << EP__SLOT_LOG2;
}

size_t ep_good_size(size_t size)
{
    size_t page = ep__vm_page_bytes();
    if (size <= EP__CLASS_BYTES_MAX)
        return ep__size_classes[ep__size_class_of(size + (size == 0))].bytes;
    if (size <= EP__RUN_BYTES_MAX)
        return ep__round_up(size, EP__SLOT_BYTES);
    return size > PTRDIFF_MAX - page ? 0 : ep__round_up(size, page);
}
