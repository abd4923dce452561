/* Each of malloc's own names as the first call of a process, with nothing between the start of the process and the
 * call but the C library's own start. */
#include <epmalloc/epmalloc.h>
#include <malloc.h>
#include <stdlib.h>

#include "api/first_call.h"

void free_sized(void *p, size_t size);
void free_aligned_sized(void *p, size_t alignment, size_t size);

static void *volatile kept;

static bool first_malloc(void)
{
    return (kept = malloc(100)) != NULL;
}

static bool first_calloc(void)
{
    return (kept = calloc(10, 10)) != NULL;
}

static bool first_realloc(void)
{
    return (kept = realloc(NULL, 100)) != NULL;
}

static bool first_reallocarray(void)
{
    return (kept = reallocarray(NULL, 10, 10)) != NULL;
}

static bool first_free(void)
{
    free(NULL);
    free_sized(NULL, 1);
    free_aligned_sized(NULL, 8, 1);
    return errno == 0;
}

static bool first_aligned_alloc(void)
{
    return (kept = aligned_alloc(64, 100)) != NULL;
}

static bool first_posix_memalign(void)
{
    void *p = NULL;
    bool done = posix_memalign(&p, 4096, 100) == 0;
    kept = p;
    return done;
}

static bool first_memalign(void)
{
    return (kept = memalign(1024, 100)) != NULL;
}

static bool first_valloc(void)
{
    return (kept = valloc(100)) != NULL;
}

static bool first_pvalloc(void)
{
    return (kept = pvalloc(100)) != NULL;
}

static bool first_usable_size(void)
{
    return malloc_usable_size(NULL) == 0;
}

static bool first_trim(void)
{
    return malloc_trim(0) == 0;
}

static bool first_mallinfo(void)
{
    struct mallinfo2 numbers = mallinfo2();
    return numbers.arena == numbers.uordblks + numbers.fordblks;
}

static bool first_mallopt(void)
{
    return mallopt(M_TRIM_THRESHOLD, 1 << 20) == 1;
}

static bool first_malloc_stats(void)
{
    malloc_stats();
    return errno == 0;
}

static bool first_malloc_info(void)
{
    return malloc_info(0, stdout) == 0;
}

static bool first_strdup(void)
{
    return (kept = strdup("first")) != NULL;
}

static const struct first_call calls[] = {
    {"malloc", first_malloc},
    {"calloc", first_calloc},
    {"realloc", first_realloc},
    {"reallocarray", first_reallocarray},
    {"free", first_free},
    {"aligned_alloc", first_aligned_alloc},
    {"posix_memalign", first_posix_memalign},
    {"memalign", first_memalign},
    {"valloc", first_valloc},
    {"pvalloc", first_pvalloc},
    {"malloc_usable_size", first_usable_size},
    {"malloc_trim", first_trim},
    {"mallinfo2", first_mallinfo},
    {"mallopt", first_mallopt},
    {"malloc_stats", first_malloc_stats},
    {"malloc_info", first_malloc_info},
    {"strdup", first_strdup},
    {NULL, NULL},
};

static bool works_afterwards(void)
{
    free(kept);
    char *p = malloc(60000);
    bool is_ours = p != NULL && ep_owns(p);
    free(p);
    return is_ours;
}

int main(int count, char **arguments)
{
    if (count > 1)
        return first_call_run_one(calls, arguments[1], works_afterwards);
    return first_call_run_all(calls, "");
}
