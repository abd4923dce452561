/* Each function of the interface as a process's first call. */
#include <epmalloc/epmalloc.h>

#include "api/first_call.h"

static void *volatile kept;
static int local;

static bool is_zero(const char *bytes, size_t size)
{
    while (size > 0 && bytes[size - 1] == 0)
        size--;
    return size == 0;
}

static bool first_malloc(void)
{
    return (kept = ep_malloc(100)) != NULL;
}

static bool first_malloc_of_a_run(void)
{
    return (kept = ep_malloc(100000)) != NULL;
}

static bool first_malloc_huge(void)
{
    return (kept = ep_malloc(3000000)) != NULL;
}

static bool first_malloc_impossible(void)
{
    volatile size_t size = PTRDIFF_MAX;
    return ep_malloc(size) == NULL && errno == ENOMEM;
}

static bool first_calloc(void)
{
    return (kept = ep_calloc(10, 10)) != NULL && is_zero(kept, 100);
}

static bool first_calloc_huge(void)
{
    return (kept = ep_calloc(10, 1000000)) != NULL && is_zero(kept, 10000000);
}

static bool first_realloc(void)
{
    return (kept = ep_realloc(NULL, 100)) != NULL;
}

static bool first_reallocarray(void)
{
    return (kept = ep_reallocarray(NULL, 10, 10)) != NULL;
}

static bool first_free_null(void)
{
    ep_free(NULL);
    return errno == 0;
}

static bool first_free_foreign(void)
{
    ep_free(&local);
    return errno == 0;
}

static bool first_realloc_foreign(void)
{
    return ep_realloc(&local, 100) == NULL;
}

static bool first_free_sized(void)
{
    ep_free_sized(NULL, 10);
    ep_free_aligned_sized(NULL, 16, 10);
    return errno == 0;
}

static bool first_aligned_alloc(void)
{
    return (kept = ep_aligned_alloc(4096, 100)) != NULL && (uintptr_t)kept % 4096 == 0;
}

static bool first_aligned_alloc_huge(void)
{
    size_t alignment = (size_t)1 << 26;
    return (kept = ep_aligned_alloc(alignment, 100)) != NULL && (uintptr_t)kept % alignment == 0;
}

static bool first_posix_memalign(void)
{
    void *p = NULL;
    bool done = ep_posix_memalign(&p, 64, 100) == 0;
    kept = p;
    return done && p != NULL;
}

static bool first_memalign(void)
{
    return (kept = ep_memalign(48, 100)) != NULL && (uintptr_t)kept % 64 == 0;
}

static bool first_usable_size(void)
{
    return ep_usable_size(NULL) == 0 && ep_usable_size(&local) == 0;
}

static bool first_good_size(void)
{
    return ep_good_size(1) == 16;
}

static bool first_malloc_batch(void)
{
    static void *blocks[100];
    return ep_malloc_batch(50, 100, blocks) == 100;
}

static bool first_free_batch(void)
{
    void *none[3] = {NULL, NULL, NULL};
    ep_free_batch(none, 3);
    return errno == 0;
}

static bool first_owns(void)
{
    return !ep_owns(NULL) && !ep_owns(&local);
}

static bool first_address_range(void)
{
    void *start = &local;
    return ep_address_range(&start) == 0 && start == NULL;
}

static bool first_purge(void)
{
    return ep_purge() == 0;
}

static bool first_thread_idle(void)
{
    ep_thread_idle();
    return errno == 0;
}

static bool first_options(void)
{
    char text[512];
    return ep_options(text, sizeof text) < sizeof text && strstr(text, "keep_empty:2") != NULL;
}

static bool first_account(void)
{
    struct ep_stats account;
    return ep_stats(&account, sizeof account) == 0 && account.blocks_in_use == 0 &&
           account.total_bytes == account.arena_bytes;
}

static const struct first_call calls[] = {
    {"malloc", first_malloc},
    {"malloc of a run", first_malloc_of_a_run},
    {"malloc huge", first_malloc_huge},
    {"malloc impossible", first_malloc_impossible},
    {"calloc", first_calloc},
    {"calloc huge", first_calloc_huge},
    {"realloc", first_realloc},
    {"reallocarray", first_reallocarray},
    {"free null", first_free_null},
    {"free foreign", first_free_foreign},
    {"realloc foreign", first_realloc_foreign},
    {"free_sized", first_free_sized},
    {"aligned_alloc", first_aligned_alloc},
    {"aligned_alloc huge", first_aligned_alloc_huge},
    {"posix_memalign", first_posix_memalign},
    {"memalign", first_memalign},
    {"usable_size", first_usable_size},
    {"good_size", first_good_size},
    {"malloc_batch", first_malloc_batch},
    {"free_batch", first_free_batch},
    {"owns", first_owns},
    {"address_range", first_address_range},
    {"purge", first_purge},
    {"thread_idle", first_thread_idle},
    {"options", first_options},
    {"account", first_account},
    {NULL, NULL},
};

/* After the first call the allocator works as ever. */
static bool works_afterwards(void)
{
    char *p = ep_malloc(40);
    char *q = ep_malloc(50000);
    if (p == NULL || q == NULL)
        return false;
    memset(p, 1, 40);
    memset(q, 2, 50000);
    q = ep_realloc(q, 80000);
    bool works = q != NULL && p[39] == 1 && q[49999] == 2;
    ep_free(p);
    ep_free(q);
    ep_free(kept);
    return works;
}

int main(int count, char **arguments)
{
    if (count > 1)
        return first_call_run_one(calls, arguments[1], works_afterwards);
    return first_call_run_all(calls, "keep_empty:2");
}
