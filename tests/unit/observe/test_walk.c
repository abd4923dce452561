/* The heap walk: lib/observe/walk.c.  tests/api/test_walk.c compares it with what a program holds; stress/walkers.c
 * walks beside everything. */
#include "unit/alone.h"

#include <errno.h>

#include "arena/huge.h"
#include "unit/caches.h"
#include "unit/thread.h"

enum { CLASS = 31, BLOCKS = 3000 };

static void *blocks[BLOCKS];

/* What a walk has shown. */
struct seen {
    unsigned arenas;
    unsigned pools[3]; /* by kind */
    uint64_t in_use_least;
    uint64_t in_use_most;
    uint64_t bytes;
    uint64_t states[3]; /* blocks by state */
    uint64_t in_use_bytes;
    const char *last;
};

static struct seen seen;

static int see_arena(const struct ep_arena *arena, void *argument)
{
    assert_ptr_equal(argument, &seen);
    assert_int_equal(arena->struct_bytes, sizeof *arena);
    assert_true(seen.arenas == 0 || (char *)arena->start > seen.last);
    assert_int_equal(__builtin_popcountll(arena->free_mask), arena->free_pools);
    seen.last = arena->start;
    seen.arenas++;
    return 0;
}

static void check_place(const struct ep_pool *pool)
{
    const char *start = pool->start;
    if (pool->kind == EP_HUGE) {
        assert_null(pool->arena);
        return;
    }
    const char *arena = pool->arena->start;
    assert_true(start >= arena && start + pool->bytes <= arena + EP__ARENA_BYTES);
    for (size_t i = 0; i < pool->bytes >> EP__SLOT_LOG2; i++) {
        size_t slot = ((size_t)(start - arena) >> EP__SLOT_LOG2) + i;
        assert_int_equal(pool->arena->free_mask >> slot & 1U, 0);
    }
}

static int see_pool(const struct ep_pool *pool, void *argument)
{
    assert_ptr_equal(argument, &seen);
    assert_int_equal(pool->struct_bytes, sizeof *pool);
    assert_true(seen.last == NULL || (const char *)pool->start >= seen.last ||
                pool->kind == EP_HUGE);
    check_place(pool);
    assert_true(pool->in_use_least <= pool->in_use_most && pool->in_use_most <= pool->blocks);
    assert_true((char *)pool->first_block + pool->blocks * pool->block_bytes <=
                (char *)pool->start + pool->bytes);
    seen.pools[pool->kind]++;
    seen.in_use_least += pool->in_use_least;
    seen.in_use_most += pool->in_use_most;
    seen.bytes += pool->bytes;
    seen.last = (const char *)pool->start + pool->bytes;
    return 0;
}

static int see_block(const struct ep_block *block, void *argument)
{
    assert_ptr_equal(argument, &seen);
    assert_int_equal(block->struct_bytes, sizeof *block);
    assert_true((const char *)block->start >= (const char *)block->pool->first_block);
    seen.states[block->state]++;
    if (block->state == EP_BLOCK_IN_USE) {
        seen.in_use_bytes += block->bytes;
        assert_int_equal(block->bytes, ep_usable_size(block->start));
    }
    return 0;
}

static void walk_all(void)
{
    struct ep_stats stats;
    memset(&seen, 0, sizeof seen);
    assert_int_equal(ep_walk_arenas(see_arena, &seen), 0);
    seen.last = NULL;
    assert_int_equal(ep_walk_pools(see_pool, &seen), 0);
    assert_int_equal(ep_walk_blocks(see_block, &seen), 0);
    assert_int_equal(ep_stats(&stats, sizeof stats), 0);
    assert_int_equal(seen.arenas, stats.arenas);
    assert_int_equal(seen.pools[EP_RUN], stats.runs_in_use);
    assert_int_equal(seen.pools[EP_HUGE], stats.huge_blocks);
    assert_int_equal(seen.bytes, stats.mapped_bytes - stats.unused_pool_bytes -
                                     stats.unaccounted_bytes - stats.huge_cached_bytes);
    assert_int_equal(seen.in_use_most, stats.blocks_in_use + stats.runs_in_use + stats.huge_blocks);
    if (stats.uncertain_bytes == 0) {
        assert_int_equal(seen.in_use_least, seen.in_use_most);
        assert_int_equal(seen.states[EP_BLOCK_UNKNOWN], 0);
        assert_int_equal(seen.states[EP_BLOCK_IN_USE], seen.in_use_most);
        assert_int_equal(seen.in_use_bytes, stats.allocated_bytes);
    }
}

static void an_empty_heap_shows_nothing(void)
{
    walk_all();
    assert_int_equal(seen.arenas + seen.bytes + seen.in_use_most, 0);
}

static void every_kind_of_block_is_shown(void)
{
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        (void)get_block(class);
        walk_all();
        assert_int_equal(seen.pools[EP_POOL], class + 1);
        assert_int_equal(seen.in_use_most, class + 1);
    }
    assert_non_null(ep_malloc(100000));
    assert_non_null(ep_malloc(EP__RUN_BYTES_MAX));
    assert_non_null(ep_malloc(3 << 20));
    assert_non_null(ep_aligned_alloc((size_t)8 << 20, 100));
    walk_all();
    assert_int_equal(seen.pools[EP_RUN], 2);
    assert_int_equal(seen.pools[EP_HUGE], 2);
    assert_int_equal(seen.in_use_most, EP__CLASSES + 4);
}

static void pools_in_every_state_are_shown_and_left_as_they_are(void)
{
    struct block *all[CAPACITY_MAX];
    struct pool *full = make_full(CLASS, all);
    struct pool *partial = make_full(CLASS, all);
    (void)push_blocks(partial, all, 30, false);
    (void)get_block(CLASS + 1);
    for (unsigned i = 0; i < 3; i++) {
        walk_all();
        assert_int_equal(seen.pools[EP_POOL], 3);
        assert_int_equal(seen.in_use_most, 2 * capacity_of(full) - 30 + 1);
        assert_int_equal(state_of(full), EP__FULL);
        assert_int_equal(state_of(partial), EP__PARTIAL);
        assert_int_equal(count_of(partial), 30);
    }
}

static void fill(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = get_block(i % 60);
    for (unsigned i = 0; i < BLOCKS; i += 2)
        ep_free(blocks[i]);
}

static void idle(void *unused)
{
    (void)unused;
    ep_thread_idle();
}

static void other_threads_blocks_are_unknown_until_they_rest(void)
{
    struct puppet other;
    puppet_begin(&other);
    puppet_do(&other, fill, NULL);
    walk_all();
    assert_true(seen.states[EP_BLOCK_UNKNOWN] >= BLOCKS / 2);
    assert_true(seen.in_use_least < BLOCKS / 2 && seen.in_use_most >= BLOCKS / 2);
    puppet_do(&other, idle, NULL);
    walk_all();
    assert_int_equal(seen.states[EP_BLOCK_IN_USE], BLOCKS / 2);
    puppet_end(&other);
    walk_all();
    assert_int_equal(seen.states[EP_BLOCK_IN_USE], BLOCKS / 2);
}

static int own_pools(const struct ep_pool *pool, void *count)
{
    assert_int_equal(pool->state, EP_POOL_OWNED);
    assert_int_equal(pool->owner != 0, true);
    *(unsigned *)count += (unsigned)pool->is_own;
    return 0;
}

static void ask_for_own(void *count)
{
    (void)get_block(CLASS + 1);
    assert_int_equal(ep_walk_pools(own_pools, count), 0);
}

static void the_owner_is_told(void)
{
    unsigned mine = 0;
    unsigned others = 0;
    struct puppet other;
    (void)get_block(CLASS);
    puppet_begin(&other);
    puppet_do(&other, ask_for_own, &others);
    assert_int_equal(ep_walk_pools(own_pools, &mine), 0);
    assert_int_equal(mine, 1);
    assert_int_equal(others, 1);
    puppet_end(&other);
}

static unsigned calls;

static int end_pools(const struct ep_pool *pool, void *last)
{
    assert_non_null(pool);
    return ++calls == *(unsigned *)last ? -5 : 0;
}

static int end_blocks(const struct ep_block *block, void *last)
{
    assert_non_null(block);
    return ++calls == *(unsigned *)last ? -6 : 0;
}

static int end_arenas(const struct ep_arena *arena, void *last)
{
    assert_non_null(arena);
    return ++calls == *(unsigned *)last ? -7 : 0;
}

static void a_visit_ends_the_walk_wherever_it_is(void)
{
    for (unsigned class = 0; class < 4; class ++)
        (void)get_block(60 + class);
    assert_non_null(ep_malloc(50000));
    assert_non_null(ep_malloc(2 << 20));
    assert_non_null(ep_malloc(5 << 20));
    (void)make_arena();
    walk_all();
    uint64_t all_blocks = seen.states[0] + seen.states[1];
    for (unsigned last = 1; last <= 7; last++) {
        calls = 0;
        assert_int_equal(ep_walk_pools(end_pools, &last), -5);
        assert_int_equal(calls, last);
    }
    for (unsigned last = 1; last <= all_blocks; last++) {
        calls = 0;
        assert_int_equal(ep_walk_blocks(end_blocks, &last), -6);
        assert_int_equal(calls, last);
    }
    for (unsigned last = 1; last <= 2; last++) {
        calls = 0;
        assert_int_equal(ep_walk_arenas(end_arenas, &last), -7);
        assert_int_equal(calls, last);
    }
    assert_int_equal(ep__tls.cache->epoch.record.active, 0);
}

static void nobody_to_visit_is_an_error(void)
{
    errno = 0;
    assert_int_equal(ep_walk_arenas(NULL, NULL), -1);
    assert_int_equal(errno, EINVAL);
    errno = 0;
    assert_int_equal(ep_walk_pools(NULL, NULL), -1);
    assert_int_equal(errno, EINVAL);
    errno = 0;
    assert_int_equal(ep_walk_blocks(NULL, NULL), -1);
    assert_int_equal(errno, EINVAL);
    assert_null(ep__tls.cache);
}

/* Frees what it is shown, allocates in its place and elsewhere, gives memory back, and walks on the way. */
static int churn(const struct ep_block *block, void *count)
{
    static unsigned step;
    unsigned calls_before = calls;
    assert_int_not_equal(ep__tls.cache->epoch.record.active, 0);
    if (block->state == EP_BLOCK_IN_USE && ep_owns(block->start)) {
        ep_free(block->start);
        ++*(unsigned *)count;
    }
    step++;
    if (step % 64 == 0)
        ep_free(memset(ep_malloc(step % 40000 + 1), 1, step % 40000 + 1));
    if (step % 512 == 0)
        ep_free(ep_malloc((2 << 20) + step));
    if (step % 1024 == 0)
        (void)ep_purge();
    if (step % 4096 == 0) {
        ep_thread_idle();
        (void)ep_walk_pools(end_pools, &(unsigned){10});
        calls = calls_before;
    }
    return 0;
}

static void a_visit_may_allocate_free_purge_idle_and_walk(void)
{
    unsigned freed = 0;
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = get_block(i % 70);
    for (unsigned i = 0; i < 20; i++)
        assert_non_null(ep_malloc(40000 + i * 50000));
    assert_non_null(ep_malloc(2 << 20));
    assert_int_equal(ep_walk_blocks(churn, &freed), 0);
    assert_true(freed >= BLOCKS + 20);
    assert_int_equal(ep__tls.cache->epoch.record.active, 0);
    ep_thread_idle();
    struct ep_stats stats = check_account();
    assert_int_equal(stats.allocated_bytes, 0);
}

static int see_readable(const struct ep_arena *arena, void *unused)
{
    const volatile char *start = arena->start;
    (void)unused;
    /* Retired and purged under the walker's hands: its commit charge, and so its right to be read, stays. */
    ep_thread_idle();
    (void)ep_purge();
    (void)ep_purge();
    for (size_t i = 0; i < EP__ARENA_BYTES; i += 4096)
        calls += start[i] == 0;
    return 0;
}

static void nothing_that_is_walked_becomes_inaccessible(void)
{
    struct ep_stats stats;
    for (unsigned i = 0; i < 200; i++)
        blocks[i] = memset(ep_malloc(32768), 1, 32768);
    free_all(blocks, 200);
    assert_int_equal(ep_walk_arenas(see_readable, NULL), 0);
    assert_true(calls > 0);
    assert_int_equal(ep_stats(&stats, sizeof stats), 0);
    assert_true(stats.arenas_retired > 0);
    assert_true(stats.deferred_calls > 0);
    (void)ep_purge();
    assert_int_equal(ep_stats(&stats, sizeof stats), 0);
    assert_int_equal(stats.deferred_calls, 0);
}

static void walk_detached(void *unused)
{
    (void)unused;
    ep__tls.has_exited = 1;
    walk_all();
    assert_null(ep__tls.cache);
}

static void a_thread_without_a_control_block_walks_too(void)
{
    struct block *all[CAPACITY_MAX];
    struct pool *pool = make_full(CLASS, all);
    (void)push_blocks(pool, all, 30, false);
    on_thread(walk_detached, NULL);
    assert_int_equal(seen.states[EP_BLOCK_FREE], 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(an_empty_heap_shows_nothing),
        alone(every_kind_of_block_is_shown),
        alone(pools_in_every_state_are_shown_and_left_as_they_are),
        alone(other_threads_blocks_are_unknown_until_they_rest),
        alone(the_owner_is_told),
        alone(a_visit_ends_the_walk_wherever_it_is),
        alone(nobody_to_visit_is_an_error),
        alone(a_visit_may_allocate_free_purge_idle_and_walk),
        alone(nothing_that_is_walked_becomes_inaccessible),
        alone(a_thread_without_a_control_block_walks_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
