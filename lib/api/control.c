/* What a program tells the allocator, and blocks by the dozen.  Contracts: include/epmalloc/epmalloc.h. */
#include <epmalloc/epmalloc.h>

#include "api/fast.h"
#include "cache/cache.h"
#include "sys/options.h"

size_t ep_malloc_batch(size_t size, size_t count, void **blocks)
{
    size_t got = 0;
    while (got < count) {
        void *p = ep__fast_malloc(size);
        if (p == NULL)
            break;
        blocks[got++] = p;
    }
    return got;
}

void ep_free_batch(void **blocks, size_t count)
{
    /* Blocks that come by the dozen have mostly not been touched for a while. */
    enum { FETCH_AHEAD = 8 };
    for (size_t i = 0; i < count; i++) {
        if (i + FETCH_AHEAD < count)
            __builtin_prefetch(blocks[i + FETCH_AHEAD], 1);
        ep__fast_free(blocks[i]);
    }
}

size_t ep_purge(void)
{
    return ep__cache_purge();
}

void ep_thread_idle(void)
{
    ep__thread_idle();
}

size_t ep_options(char *out, size_t size)
{
    struct text text;
    /* The first call of a process shows what will be in effect, not the defaults. */
    ep__options_load();
    ep__text_begin(&text, out, size);
    ep__options_text(&text);
    return text.length;
}
