/* The allocator under test: malloc and its family, whoever provides them (allocator.h).
 *
 * With libepmalloc.so preloaded the ep_ functions that have no name in the C library are found by
 * dlsym(), so that the account is checked there too; but the C library allocates from it as well, so
 * its blocks are not the oracle's alone.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>

#include "allocator.h"

/* Functions of a preloaded epmalloc; NULL where there is none. */
static void (*preloaded_thread_idle)(void);
static size_t (*preloaded_options)(char *, size_t);
static int (*preloaded_account)(struct ep_stats *, size_t);

/* Once: dlsym() may allocate, and some programs ask in signal handlers. */
static __attribute__((constructor)) void find_functions(void)
{
    preloaded_thread_idle = (void (*)(void))dlsym(RTLD_DEFAULT, "ep_thread_idle");
    preloaded_options = (size_t(*)(char *, size_t))dlsym(RTLD_DEFAULT, "ep_options");
    preloaded_account = (int (*)(struct ep_stats *, size_t))dlsym(RTLD_DEFAULT, "ep_stats");
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
    if (preloaded_thread_idle != NULL)
        preloaded_thread_idle();
}

static size_t options(char *text, size_t size)
{
    if (preloaded_options != NULL)
        return preloaded_options(text, size);
    text[0] = '\0';
    return 0;
}

static bool account(struct ep_stats *account)
{
    return preloaded_account != NULL && preloaded_account(account, sizeof *account) == 0;
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
