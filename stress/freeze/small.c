/* Operations on blocks of pools (operations.h).  Of the class of 512 bytes 128 blocks make a pool, of 1024 bytes
 * 64, of 2048 bytes 32; pools of larger blocks have four slots. */
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

#include "freeze/operations.h"

static struct freeze_blocks *const mine = &freeze_mine;
static struct freeze_blocks *const staged = &freeze_staged;

/* The compiler must not leave a pair of malloc and free out. */
static void *volatile seen;

static void allocate(size_t size)
{
    void *p = malloc(size);
    seen = p;
    free(p);
}

/* --- the fast path, and lists that run dry ----------------------------------------------------- */

static void have_lists(void)
{
    freeze_get(mine, 64, 9);
    freeze_get(mine, 1000, 9);
    freeze_put(mine, 0, 2);
}

static void run_hit(void)
{
    allocate(64);
    allocate(1000);
    seen = calloc(3, 20);
    free(seen);
    free(NULL);
}

/* Every third block goes to the others at once, who free it into the pool that malloc works on. */
static void get_and_give(size_t size, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        void *p = malloc(size);
        if (i % 3 == 0)
            freeze_give(p);
        else
            freeze_keep(mine, p);
    }
}

static void run_refill(void)
{
    get_and_give(2048, 70);
    get_and_give(16, 520);
    get_and_give(4000, 40);
    get_and_give(20000, 28);
    get_and_give(30000, 20);
}

static void put_half(void)
{
    freeze_put(mine, 0, 2);
}

static void lose_half_to_others(void)
{
    freeze_get(mine, 500, 300);
    freeze_get(mine, 1800, 80);
    freeze_elsewhere(put_half);
}

static void run_refill_of_two(void)
{
    get_and_give(500, 260);
    get_and_give(1800, 100);
}

static void have_usable_pools(void)
{
    freeze_get(mine, 500, 700);
    freeze_get(mine, 1800, 200);
    put_half();
}

/* Held pools with a few free blocks each, some of which others have freed.  A thread that takes a full pool of its own
 * back keeps the next that it fills. */
static void put_few(void)
{
    freeze_put(mine, 0, 60);
}

static void have_held_pools(void)
{
    freeze_get(mine, 500, 600);
    freeze_put(mine, 7, 130);
    freeze_get(mine, 500, 1000);
    freeze_elsewhere(put_few);
    freeze_put(mine, 1, 121);
}

/* --- pools of others ---------------------------------------------------------------------------- */

/* Every third block is for the others to free. */
static void share(struct freeze_blocks *blocks)
{
    for (unsigned i = 0; i < blocks->count; i += 3) {
        freeze_give(blocks->at[i]);
        blocks->at[i] = NULL;
    }
}

static void leave_full_pools(void)
{
    freeze_get(staged, 1000, 64 * 3);
    freeze_get(staged, 500, 128 * 2);
    freeze_get(staged, 4000, 64);
}

static void stage_full_pools(void)
{
    freeze_elsewhere(leave_full_pools);
    share(staged);
}

static void leave_partial_pools(void)
{
    leave_full_pools();
    freeze_put(staged, 0, 2);
}

static void stage_partial_pools(void)
{
    freeze_elsewhere(leave_partial_pools);
    share(staged);
}

static void run_claim(void)
{
    get_and_give(1000, 130);
    get_and_give(500, 260);
    get_and_give(4000, 40);
}

/* Blocks of a thread that lives on: the main one. */
static void stage_own(void)
{
    freeze_get(staged, 64, 300);
    freeze_get(staged, 1000, 130);
    freeze_get(staged, 300, 300);
    freeze_get(staged, 5000, 30);
    for (size_t size = 16; size <= 512; size += 16)
        freeze_get(staged, size, 12);
    share(staged);
}

/* The same, not pool by pool. */
static void run_remote(void)
{
    for (unsigned first = 0; first < 7; first++) {
        freeze_put(staged, first, 7);
        free(freeze_take());
    }
}

/* Classes of which the victim has nothing: few of their pools are kept. */
static void leave_other_pools(void)
{
    freeze_get(staged, 660, 99 * 5);
    freeze_get(staged, 2500, 100 * 4);
}

static void stage_other_pools(void)
{
    freeze_elsewhere(leave_other_pools);
}

static void put_one_a_pool(void)
{
    freeze_put(staged, 0, 49);
    freeze_put(staged, 1, 23);
}

/* --- pools that are given up -------------------------------------------------------------------- */

static void have_many(void)
{
    freeze_get(mine, 2000, 200);
    freeze_get(mine, 500, 300);
    freeze_get(mine, 6000, 100);
}

static void put_thirds(void)
{
    freeze_put(mine, 0, 3);
    freeze_put(mine, 1, 3);
    freeze_put(mine, 2, 3);
}

static void have_all_kinds(void)
{
    have_usable_pools();
    for (size_t size = 16; size <= 32768; size *= 2)
        freeze_get(mine, size - 3, 5);
    stage_own();
    for (unsigned i = 0; i < 40; i++)
        freeze_give(malloc(1000));
}

/* Half of its blocks are free, and batches are open. */
static void have_open_batches(void)
{
    have_usable_pools();
    freeze_put(staged, 0, 5);
}

static void give_all_up(void)
{
    freeze_idle();
    freeze_trim();
}

/* What is free then is more than may be kept. */
static void give_up_twice(void)
{
    freeze_put_all(mine);
    freeze_idle();
    freeze_trim();
    freeze_trim();
}

/* --- the rest of the family --------------------------------------------------------------------- */

static void run_calloc(void)
{
    static const size_t sizes[] = {24, 700, 3000, 9000, 30000, 70000, (size_t)1500 << 10};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (unsigned n = 0; n < 3; n++)
            freeze_keep(mine, calloc(1, sizes[i]));
    volatile size_t too_many = SIZE_MAX / 2;
    seen = calloc(too_many, 3);
}

static void run_realloc(void)
{
    static const size_t sizes[] = {10,     17,     300,    2000,  1500,  9000, 40000,
                                   200000, 900000, 100000, 60000, 20000, 8};
    void *p = NULL;
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
        p = realloc(p, sizes[i]);
    p = reallocarray(p, 7, 100);
    /* The compiler knows what a realloc() does that succeeds; these fail. */
    void *volatile same = p;
    volatile size_t too_many = SIZE_MAX / 2;
    if (reallocarray(same, too_many, 3) == NULL && realloc(same, too_many) == NULL)
        seen = realloc(realloc(same, 10), 0);
    free(realloc(NULL, 700));
    free(realloc(malloc(600), 3000));
}

static void run_aligned(void)
{
    for (size_t alignment = 32; alignment <= (size_t)8 << 20; alignment *= 4) {
        void *p = NULL;
        freeze_keep(mine, memalign(alignment, alignment / 2 + 1));
        freeze_keep(mine, aligned_alloc(alignment, alignment * 2));
        if (posix_memalign(&p, alignment, 100) == 0)
            freeze_keep(mine, p);
    }
    volatile size_t odd = 24;
    void *none = NULL;
    seen = posix_memalign(&none, odd, 100) == 0 ? none : NULL;
    if (posix_memalign(&none, 8, 700) == 0)
        freeze_keep(mine, none);
    freeze_keep(mine, memalign(odd, 10));
    freeze_keep(mine, valloc(100));
    freeze_keep(mine, pvalloc(5000));
}

static void run_new(void)
{
    void *(*get_new)(size_t) = (void *(*)(size_t))freeze_symbol("_Znwm");
    void (*put_old)(void *) = (void (*)(void *))freeze_symbol("_ZdlPv");
    for (size_t size = 1; get_new != NULL && put_old != NULL && size < 100000; size = size * 3 + 1)
        put_old(get_new(size));
}

static void run_batch(void)
{
    static void *blocks[300];
    size_t (*get)(size_t, size_t, void **) =
        (size_t(*)(size_t, size_t, void **))freeze_symbol("ep_malloc_batch");
    void (*put)(void **, size_t) = (void (*)(void **, size_t))freeze_symbol("ep_free_batch");
    size_t count = get(1000, 300, blocks);
    put(blocks, count);
    count = get(50000, 5, blocks);
    put(blocks, count);
}

/* The public names, where they are not the C library's. */
static void run_own_names(void)
{
    void *(*get)(size_t) = (void *(*)(size_t))freeze_symbol("ep_malloc");
    void *(*get_zeroed)(size_t, size_t) = (void *(*)(size_t, size_t))freeze_symbol("ep_calloc");
    void *(*get_aligned)(size_t, size_t) =
        (void *(*)(size_t, size_t))freeze_symbol("ep_aligned_alloc");
    void (*put)(void *) = (void (*)(void *))freeze_symbol("ep_free");
    void (*put_sized)(void *, size_t) = (void (*)(void *, size_t))freeze_symbol("ep_free_sized");
    void (*put_aligned)(void *, size_t, size_t) =
        (void (*)(void *, size_t, size_t))freeze_symbol("ep_free_aligned_sized");
    size_t (*usable)(void *) = (size_t(*)(void *))freeze_symbol("ep_usable_size");
    size_t (*give_back)(void) = (size_t(*)(void))freeze_symbol("ep_purge");
    for (size_t size = 7; size < 4000000; size *= 4) {
        put(get(size));
        put_sized(get_zeroed(1, size), size);
        put_aligned(get_aligned(64, size), 64, size);
        freeze_keep(mine, get(size));
        seen = (void *)usable(mine->at[0]);
    }
    put_sized = (void (*)(void *, size_t))freeze_symbol("free_sized");
    put_aligned = (void (*)(void *, size_t, size_t))freeze_symbol("free_aligned_sized");
    for (size_t size = 7; size < 4000000; size *= 16) {
        put_sized(get(size), size);
        put_aligned(get(size), 16, size);
    }
    put_sized(NULL, 8);
    put_aligned(NULL, 8, 8);
    seen = get_aligned(3, 8);
    (void)give_back();
}

static void run_queries(void)
{
    char account[1024];
    int (*take_account)(void *, size_t) = (int (*)(void *, size_t))freeze_symbol("ep_stats");
    for (unsigned i = 0; i < mine->count; i += 50)
        seen = (void *)malloc_usable_size(mine->at[i]);
    (void)take_account(account, sizeof account);
    (void)mallinfo2();
}

const struct freeze_operation freeze_small[] = {
    {.name = "hit", .prepare = have_lists, .run = run_hit},
    {.name = "refill", .run = run_refill},
    {.name = "refill_remote", .prepare = lose_half_to_others, .run = run_refill_of_two},
    {.name = "refill_usable", .prepare = have_usable_pools, .run = run_refill_of_two},
    {.name = "refill_held", .prepare = have_held_pools, .run = run_refill_of_two},
    {.name = "claim", .stage = stage_partial_pools, .run = run_claim},
    {.name = "adopt", .stage = stage_full_pools, .run = freeze_put_staged},
    {.name = "adopt_other", .stage = stage_other_pools, .run = put_one_a_pool},
    {.name = "partial", .stage = stage_partial_pools, .run = freeze_put_staged},
    {.name = "remote", .stage = stage_own, .run = run_remote},
    {.name = "empty", .prepare = have_many, .run = freeze_put_mine},
    {.name = "release",
     .prepare = have_many,
     .run = put_thirds,
     .options = "thread_bytes:64k,thread_percent:0"},
    {.name = "idle", .stage = stage_own, .prepare = have_open_batches, .run = give_all_up},
    {.name = "idle_held", .prepare = have_all_kinds, .run = give_all_up},
    {.name = "idle_excess",
     .prepare = have_all_kinds,
     .run = give_up_twice,
     .options = "retain:64k,retain_percent:0,purge_delay:86400000"},
    {.name = "calloc", .run = run_calloc},
    {.name = "realloc", .run = run_realloc},
    {.name = "aligned", .run = run_aligned},
    {.name = "new", .run = run_new},
    {.name = "batch", .run = run_batch, .is_ours_only = true},
    {.name = "own_names", .run = run_own_names, .is_ours_only = true},
    {.name = "account", .prepare = have_usable_pools, .run = run_queries, .is_ours_only = true},
    {.name = NULL},
};
