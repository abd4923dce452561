/* The operations' table, and what they share (operations.h).  The operations themselves are those of one thread
 * in small.c and big.c, of threads and processes in threads.c. */
#include "freeze/operations.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "freeze/burst.h"

struct freeze_blocks freeze_mine, freeze_staged;

void freeze_keep(struct freeze_blocks *blocks, void *p)
{
    if (p == NULL)
        return;
    if (blocks->count == sizeof blocks->at / sizeof *blocks->at)
        freeze_fail("an operation keeps too many blocks");
    blocks->at[blocks->count++] = p;
}

void freeze_get(struct freeze_blocks *blocks, size_t size, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        freeze_keep(blocks, malloc(size));
}

void freeze_put(struct freeze_blocks *blocks, unsigned first, unsigned step)
{
    for (unsigned i = first; i < blocks->count; i += step) {
        void *p = blocks->at[i];
        blocks->at[i] = NULL;
        free(p);
    }
}

void freeze_put_all(struct freeze_blocks *blocks)
{
    freeze_put(blocks, 0, 1);
    blocks->count = 0;
}

void freeze_put_mine(void)
{
    freeze_put_all(&freeze_mine);
}

void freeze_put_staged(void)
{
    freeze_put_all(&freeze_staged);
}

void freeze_touch(void *p, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 4096)
        ((volatile char *)p)[i] = 1;
}

void freeze_give(void *p)
{
    if (!freeze_ring_put(FREEZE_FROM_VICTIM, p))
        free(p);
}

void *freeze_take(void)
{
    return freeze_ring_take(FREEZE_TO_VICTIM);
}

/* Found once, by the main thread, before anybody is stepped: dlsym() takes a lock of the C library. */
static const char *const names[] = {"ep_malloc",      "ep_calloc",          "ep_aligned_alloc",
                                    "ep_free",        "ep_free_sized",      "ep_free_aligned_sized",
                                    "ep_usable_size", "ep_purge",           "ep_thread_idle",
                                    "ep_stats",       "ep_malloc_batch",    "ep_free_batch",
                                    "free_sized",     "free_aligned_sized", "_Znwm",
                                    "_ZdlPv"};
enum { NAMES = sizeof names / sizeof *names };
static void *found[NAMES];

/* The allocator's own, not the C library's beside another allocator. */
static bool has_trim;

static bool is_of_c_library(const char *name)
{
    void *library = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    return dlsym(RTLD_DEFAULT, name) == dlsym(library, name);
}

__attribute__((constructor)) static void find_names(void)
{
    for (unsigned i = 0; i < NAMES; i++)
        found[i] = dlsym(RTLD_DEFAULT, names[i]);
    has_trim = is_of_c_library("malloc_trim") == is_of_c_library("malloc");
}

void *freeze_symbol(const char *name)
{
    for (unsigned i = 0; i < NAMES; i++)
        if (strcmp(names[i], name) == 0)
            return found[i];
    return NULL;
}

void freeze_idle(void)
{
    void *idle = freeze_symbol("ep_thread_idle");
    if (idle != NULL)
        ((void (*)(void))idle)();
}

void freeze_trim(void)
{
    if (has_trim)
        (void)malloc_trim(0);
}

const struct freeze_operation *freeze_operation_at(unsigned place)
{
    static const struct freeze_operation *const tables[] = {freeze_small, freeze_big,
                                                            freeze_threads};
    for (unsigned table = 0; table < sizeof tables / sizeof *tables; table++)
        for (const struct freeze_operation *at = tables[table]; at->name != NULL; at++)
            if (place-- == 0)
                return at;
    return NULL;
}

const struct freeze_operation *freeze_operation_find(const char *name)
{
    const struct freeze_operation *operation;
    for (unsigned i = 0; (operation = freeze_operation_at(i)) != NULL; i++)
        if (strcmp(operation->name, name) == 0)
            return operation;
    return NULL;
}
