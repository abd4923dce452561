/* Operations on runs, arenas, huge blocks and the memory that goes back (operations.h). */
#include <stdint.h>
#include <stdlib.h>

#include "freeze/operations.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

/* Everything that is free goes back in the free that makes it so. */
#define NOTHING_RETAINED "retain:0,retain_percent:0,purge_delay:0"

static struct freeze_blocks *const mine = &freeze_mine;

static void get_touched(size_t size, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        void *p = malloc(size);
        if (p == NULL)
            continue;
        freeze_touch(p, size);
        freeze_keep(mine, p);
    }
}

static void run_large(void)
{
    freeze_get(mine, 40000, 4);
    freeze_get(mine, 130 * KIB, 3);
    freeze_get(mine, 500 * KIB, 2);
    freeze_get(mine, MIB, 2);
    freeze_put(mine, 0, 2);
    freeze_get(mine, 40000, 2);
    freeze_get(mine, 250 * KIB, 2);
    freeze_put_mine();
}

/* Two blocks, one through the sizes and the other through them backwards. */
static void resize_two(size_t first, size_t unit, const unsigned *sizes, unsigned count)
{
    char *p = malloc(first);
    char *other = malloc(first);
    for (unsigned i = 0; i < count; i++) {
        p = realloc(p, sizes[i] * unit);
        other = realloc(other, sizes[count - 1 - i] * unit);
    }
    free(p);
    free(other);
}

static void run_resized(void)
{
    static const unsigned sizes[] = {100, 200, 300, 130, 131, 70, 190, 120, 1024};
    resize_two(50 * KIB, KIB, sizes, sizeof sizes / sizeof *sizes);
}

static void run_huge(void)
{
    freeze_get(mine, 1100 * KIB, 1);
    freeze_get(mine, 3 * MIB, 2);
    freeze_get(mine, 9 * MIB, 1);
    freeze_put(mine, 1, 2);
    freeze_get(mine, 2 * MIB, 2);
    freeze_get(mine, 4 * MIB, 1);
    freeze_put_mine();
}

/* Growing moves pages where they have no room behind them. */
static void run_huge_resized(void)
{
    static const unsigned sizes[] = {2, 3, 5, 16, 15, 4, 6, 40, 2};
    resize_two(2 * MIB, MIB, sizes, sizeof sizes / sizeof *sizes);
}

/* Fills the cache of huge mappings with small ones, which a bigger block then makes longer. */
static void have_cached(void)
{
    freeze_get(mine, 1100 * KIB, 3);
    freeze_put_mine();
}

static void run_huge_cached(void)
{
    freeze_get(mine, 1900 * KIB, 1);
    freeze_get(mine, 30 * MIB, 1);
    freeze_get(mine, 1100 * KIB, 2);
    freeze_put_mine();
    freeze_get(mine, 1100 * KIB, 1);
    freeze_put_mine();
}

static void have_dirty(void)
{
    get_touched(MIB, 14);
    get_touched(200 * KIB, 6);
    get_touched(1500, 300);
    get_touched(3 * MIB, 2);
}

/* Free and resident, in several arenas. */
static void have_dirty_free(void)
{
    have_dirty();
    freeze_put_mine();
}

static void put_in_turns(void)
{
    for (unsigned first = 0; first < 3; first++)
        freeze_put(mine, first, 3);
    mine->count = 0;
}

static void run_arenas(void)
{
    freeze_get(mine, MIB, 10);
    freeze_put_mine();
    freeze_get(mine, 700 * KIB, 8);
    freeze_put_mine();
}

/* One arena's runs, and one of the next arena, which has no other: when that goes, the bound is exceeded by a free that
 * leaves a second arena wholly free. */
static void have_two_arenas(void)
{
    uintptr_t seen[3] = {0};
    unsigned count = 0;
    while (count < 3 && mine->count < 1000) {
        char *p = malloc(60000);
        uintptr_t arena = (uintptr_t)p >> 22;
        freeze_keep(mine, p);
        if (arena != seen[0] && arena != seen[1])
            seen[count++ % 3] = arena;
    }
}

static void put_arena(uintptr_t arena)
{
    for (unsigned i = 0; i < mine->count; i++) {
        void *p = mine->at[i];
        if (p == NULL || (uintptr_t)p >> 22 != arena)
            continue;
        mine->at[i] = NULL;
        free(p);
    }
}

static void run_surplus(void)
{
    uintptr_t last = (uintptr_t)mine->at[mine->count - 1] >> 22;
    uintptr_t before = (uintptr_t)mine->at[mine->count - 2] >> 22;
    put_arena(before);
    put_arena(last);
}

/* More arenas than one group of tables serves. */
static void run_groups(void)
{
    freeze_get(mine, MIB, 275);
    put_in_turns();
}

/* Address space beyond the first window, which a limit keeps small. */
static void run_windows(void)
{
    freeze_get(mine, MIB, 140);
    freeze_get(mine, 2000, 66);
    freeze_get(mine, 40000, 4);
    put_in_turns();
}

/* Until nothing is to be had any more. */
static void run_exhausted(void)
{
    volatile size_t too_big = (size_t)PTRDIFF_MAX + 1;
    void *p = mine;
    for (unsigned i = 0; i < 600 && p != NULL; i++)
        freeze_keep(mine, p = malloc(MIB));
    freeze_keep(mine, malloc(5 * MIB));
    freeze_keep(mine, malloc(too_big));
    for (unsigned i = 0; i < 8; i++)
        freeze_keep(mine, malloc(20000));
    freeze_put(mine, 0, 2);
}

const struct freeze_operation freeze_big[] = {
    {.name = "large", .run = run_large},
    {.name = "large_resized", .run = run_resized},
    {.name = "huge", .run = run_huge},
    {.name = "huge_resized", .run = run_huge_resized},
    {.name = "huge_cached",
     .prepare = have_cached,
     .run = run_huge_cached,
     .options = "retain:256m"},
    {.name = "huge_uncached", .run = run_huge, .options = "huge_cache:0"},
    {.name = "acquire", .run = run_arenas},
    {.name = "acquire_dirty",
     .prepare = have_dirty_free,
     .run = run_arenas,
     .options = "retain:256m"},
    {.name = "retire", .prepare = have_dirty, .run = put_in_turns, .options = NOTHING_RETAINED},
    {.name = "purge",
     .prepare = have_dirty,
     .run = put_in_turns,
     .options = NOTHING_RETAINED ",keep_empty:9"},
    {.name = "trim", .prepare = have_dirty_free, .run = freeze_trim, .options = "retain:256m"},
    {.name = "surplus",
     .prepare = have_two_arenas,
     .run = run_surplus,
     .finish = freeze_put_mine,
     .options = "retain:1m,retain_percent:0,purge_delay:86400000",
     .is_fresh = true},
    {.name = "groups",
     .run = run_groups,
     .options = "thp:always",
     .is_fresh = true,
     .is_ours_only = true},
    {.name = "windows", .run = run_windows, .is_fresh = true, .address_bytes_max = (size_t)1 << 30},
    {.name = "no_memory",
     .run = run_exhausted,
     .finish = freeze_put_mine,
     .address_bytes_max = (size_t)160 << 20},
    {.name = NULL},
};
