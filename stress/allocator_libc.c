/* The allocator under test: malloc and its family, whoever provides them (allocator.h).
 *
 * With libepmalloc.so preloaded the ep_ functions that have no name in the C library are found by
 * dlsym(), so that the account is checked there too; but the C library allocates from it as well, so
 * its blocks are not the oracle's alone.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

#include "allocator.h"

/* The address of a function of a preloaded epmalloc; 0: there is none. */
static uintptr_t find_function(const char *name)
{
    return (uintptr_t)dlsym(RTLD_DEFAULT, name);
}

static void free_sized(void *p, size_t size)
{
    (void)size;
    free(p);
}

static void free_aligned_sized(void *p, size_t alignment, size_t size)
{
    (void)alignment;
    (void)size;
    free(p);
}

/* The standard lets an implementation refuse a size that is no multiple of the alignment. */
static void *allocate_aligned(size_t alignment, size_t size)
{
    return aligned_alloc(alignment, (size + alignment - 1) & ~(alignment - 1));
}

static size_t malloc_batch(size_t size, size_t count, void **blocks)
{
    for (size_t i = 0; i < count; i++) {
        blocks[i] = malloc(size);
        if (blocks[i] == NULL)
            return i;
    }
    return count;
}

static void free_batch(void **blocks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(blocks[i]);
}

static bool owns(const void *p)
{
    return p != NULL;
}

static void purge(void)
{
    (void)malloc_trim(0);
}

static void thread_idle(void)
{
    uintptr_t found = find_function("ep_thread_idle");
    if (found != 0)
        ((void (*)(void))found)();
}

static size_t options(char *text, size_t size)
{
    uintptr_t found = find_function("ep_options");
    if (found != 0)
        return ((size_t(*)(char *, size_t))found)(text, size);
    text[0] = '\0';
    return 0;
}

static bool account(struct ep_account *account)
{
    uintptr_t found = find_function("ep_account");
    if (found == 0)
        return false;
    return ((int (*)(struct ep_account *, size_t))found)(account, sizeof *account) == 0;
}

const struct stress_allocator stress_allocator = {
    .name = "malloc",
    .malloc = malloc,
    .calloc = calloc,
    .realloc = realloc,
    .reallocarray = reallocarray,
    .free = free,
    .free_sized = free_sized,
    .free_aligned_sized = free_aligned_sized,
    .aligned_alloc = allocate_aligned,
    .posix_memalign = posix_memalign,
    .memalign = memalign,
    .usable_size = malloc_usable_size,
    .malloc_batch = malloc_batch,
    .free_batch = free_batch,
    .owns = owns,
    .purge = purge,
    .thread_idle = thread_idle,
    .options = options,
    .account = account,
    .alone = false,
    .outlives_bare_fork = false,
};
