/* The helper thread of a copy that is dlopen()ed: it comes when the copy is loaded, with the copy's own storage.
 *
 * The library's file is the argument; the program itself has another malloc. */
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

#include <epmalloc/epmalloc.h>

#include "background.h"

static void *(*ep_malloc_there)(size_t);
static void (*ep_free_there)(void *);
static int (*ep_stats_there)(struct ep_stats *, size_t);

/* What has been freed goes back while nothing is called but for the question how much it is. */
static int shrink(void)
{
    enum { BLOCKS = 60000, BLOCK_BYTES = 1000 };
    static void *blocks[BLOCKS];
    struct ep_stats stats = {.retained_bytes = SIZE_MAX};
    for (unsigned i = 0; i < BLOCKS; i++)
        memset(blocks[i] = ep_malloc_there(BLOCK_BYTES), 1, BLOCK_BYTES);
    for (unsigned i = 0; i < BLOCKS; i++)
        ep_free_there(blocks[i]);
    while (stats.retained_bytes > 8 << 20)
        ep_stats_there(&stats, sizeof stats);
    return 0;
}

int main(int argument_count, char **arguments)
{
    void *library = argument_count == 2 ? dlopen(arguments[1], RTLD_NOW) : NULL;
    if (library == NULL)
        return 2;
    *(void **)&ep_malloc_there = dlsym(library, "ep_malloc");
    *(void **)&ep_free_there = dlsym(library, "ep_free");
    *(void **)&ep_stats_there = dlsym(library, "ep_stats");
    if (ep_malloc_there == NULL || ep_free_there == NULL || ep_stats_there == NULL)
        return 3;
    return await_background(1) ? shrink() : 4;
}
