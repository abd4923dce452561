/* The allocator under test, as a table of functions.
 *
 * Used by: every file of stress/.  Each program is linked with exactly one file that defines
 * stress_allocator: allocator_ep.c (the ep_ names of epmalloc_core: nothing else in the process
 * allocates from it), allocator_libc.c (malloc and its family, whoever provides them: the preloadable
 * variant), or one of seeded/ (allocators that are broken on purpose).
 */
#ifndef STRESS_ALLOCATOR_H
#define STRESS_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>

#include "epmalloc/epmalloc.h"

struct stress_allocator {
    const char *name;
    void *(*malloc)(size_t size);
    void *(*calloc)(size_t count, size_t size);
    void *(*realloc)(void *p, size_t size);
    void *(*reallocarray)(void *p, size_t count, size_t size);
    void (*free)(void *p);
    void (*free_sized)(void *p, size_t size);
    void (*free_aligned_sized)(void *p, size_t alignment, size_t size);
    void *(*aligned_alloc)(size_t alignment, size_t size);
    int (*posix_memalign)(void **out, size_t alignment, size_t size);
    void *(*memalign)(size_t alignment, size_t size);
    size_t (*usable_size)(void *p);
    size_t (*malloc_batch)(size_t size, size_t count, void **blocks);
    void (*free_batch)(void **blocks, size_t count);
    bool (*owns)(const void *p);
    void (*purge)(void);
    void (*thread_idle)(void);

    /* The options in effect, "key:value,...", like ep_options(). */
    size_t (*options)(char *text, size_t size);

    /* False: the allocator has no account. */
    bool (*account)(struct ep_stats *account);

    /* Writes the statistics to a file descriptor, as ep_metrics_write().  NULL: the allocator has none. */
    int (*metrics)(int fd);

    /* Go through size classes, pools and blocks, as ep_walk_classes() and so on.  NULL: the allocator has none. */
    int (*walk_classes)(int (*visit)(const struct ep_class *, void *), void *argument);
    int (*walk_pools)(int (*visit)(const struct ep_pool *, void *), void *argument);
    int (*walk_blocks)(int (*visit)(const struct ep_block *, void *), void *argument);

    /* Nothing but the stress program allocates from it: the account's blocks are the oracle's. */
    bool alone;

    /* It works in a child that _Fork() made of a threaded process. */
    bool outlives_bare_fork;
};

extern const struct stress_allocator stress_allocator;

#endif
