/* The allocator under test: epmalloc by its ep_ names (allocator.h). */
#include "allocator.h"

#include <stdlib.h>

static size_t usable_size(void *p)
{
    return ep_usable_size(p);
}

static void purge(void)
{
    (void)ep_purge();
}

static bool account(struct ep_stats *account)
{
    return ep_stats(account, sizeof *account) == 0;
}

/* A recording is exact from the start when it begins before a second thread allocates; otherwise the first allocations
 * are the threads', all at once. */
__attribute__((constructor)) static void begin_recording(void)
{
    if (getenv("EPMALLOC_CONF") != NULL)
        ep_free(ep_malloc(1));
}

/* A recording that the option trace:FILE has begun ends with its states; of a static library the part that sees to
 * it is linked where something of it is used. */
__attribute__((destructor)) static void end_recording(void)
{
    (void)ep_trace_stop(-1);
}

const struct stress_allocator stress_allocator = {
    .name = "epmalloc",
    .malloc = ep_malloc,
    .calloc = ep_calloc,
    .realloc = ep_realloc,
    .reallocarray = ep_reallocarray,
    .free = ep_free,
    .free_sized = ep_free_sized,
    .free_aligned_sized = ep_free_aligned_sized,
    .aligned_alloc = ep_aligned_alloc,
    .posix_memalign = ep_posix_memalign,
    .memalign = ep_memalign,
    .usable_size = usable_size,
    .malloc_batch = ep_malloc_batch,
    .free_batch = ep_free_batch,
    .owns = ep_owns,
    .purge = purge,
    .thread_idle = ep_thread_idle,
    .options = ep_options,
    .account = account,
    .metrics = ep_metrics_write,
    .walk_classes = ep_walk_classes,
    .walk_pools = ep_walk_pools,
    .walk_blocks = ep_walk_blocks,
    .alone = true,
    .outlives_bare_fork = true,
};
