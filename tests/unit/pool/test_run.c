/* Runs: lib/pool/run.c. */
#include "unit/alone.h"

#include "fake/vm_failing.h"
#include "pool/run.h"
#include "unit/memory.h"
#include "unit/pools.h"

enum { RUN_SLOTS_MAX = EP__RUN_BYTES_MAX >> EP__SLOT_LOG2 };

static struct pool *pool_of(const void *p)
{
    struct window *window = ep__window_find(p);
    assert_non_null(window);
    return ep__pool_at(window, ep__window_slot(window, p));
}

/* As the cache layer does it. */
static char *get_run(size_t bytes, size_t alignment, bool *is_zero)
{
    char *p = ep__run_alloc(bytes, alignment, false, is_zero);
    return p != NULL ? p : ep__run_alloc(bytes, alignment, true, is_zero);
}

static char *make_run(size_t bytes)
{
    bool is_zero;
    char *p = get_run(bytes, 1, &is_zero);
    assert_non_null(p);
    return p;
}

static void check_kinds(const struct pool *pool, unsigned slots)
{
    const _Atomic(uint8_t) *kinds = &pool->arena->kinds[pool->slot];
    assert_int_equal(kinds[0], EP__KIND_RUN);
    for (unsigned i = 1; i < slots; i++)
        assert_int_equal(kinds[i], EP__KIND_INNER + i);
}

static void a_run_is_born_full_and_owned_by_nobody(void)
{
    for (size_t bytes = 1; bytes <= EP__RUN_BYTES_MAX; bytes += 32768 - 7) {
        bool is_zero = false;
        char *p = get_run(bytes, 1, &is_zero);
        assert_non_null(p);
        struct pool *pool = pool_of(p);
        unsigned slots = (unsigned)((bytes + EP__SLOT_BYTES - 1) / EP__SLOT_BYTES);
        assert_ptr_equal(pool->base, p);
        assert_int_equal(state_of(pool), EP__FULL);
        assert_true(ep__pool_check(pool));
        assert_int_equal(mapped_owner(pool), EP__OWNER_NOBODY);
        assert_int_equal(ep__run_bytes(pool), slots * EP__SLOT_BYTES);
        check_kinds(pool, slots);
        assert_true(is_zero);
        assert_true(is_all(p, slots * EP__SLOT_BYTES, 0));
        memset(p, 1, slots * EP__SLOT_BYTES);
    }
}

static void the_smallest_run_is_a_slot_and_the_biggest_a_mebibyte(void)
{
    assert_int_equal(ep__run_bytes(pool_of(make_run(0))), EP__SLOT_BYTES);
    assert_int_equal(ep__run_bytes(pool_of(make_run(EP__RUN_BYTES_MAX))), EP__RUN_BYTES_MAX);
}

static void every_alignment_to_an_arena_is_kept(void)
{
    for (size_t alignment = 1; alignment <= EP__ARENA_BYTES; alignment *= 2)
        for (size_t bytes = 1; bytes <= EP__RUN_BYTES_MAX; bytes *= 4) {
            bool is_zero;
            char *p = get_run(bytes, alignment, &is_zero);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % alignment, 0);
            assert_true(ep__run_bytes(pool_of(p)) >= bytes);
        }
    check_arenas();
}

static void a_freed_run_goes_to_its_arena(void)
{
    char *p = make_run(5 * EP__SLOT_BYTES);
    struct pool *pool = pool_of(p);
    struct arena *arena = pool->arena;
    unsigned slot = pool->slot;
    ep__run_free(pool);
    assert_true(is_back(pool, arena, slot, 5));
    assert_int_equal(check_arenas().used_slots, 0);
    assert_ptr_equal(make_run(5 * EP__SLOT_BYTES), p);
}

static void used_memory_is_not_taken_for_zero(void)
{
    bool is_zero = true;
    keep_everything();
    char *p = make_run(2 * EP__SLOT_BYTES);
    memset(p, 1, 2 * EP__SLOT_BYTES);
    ep__run_free(pool_of(p));
    assert_ptr_equal(get_run(2 * EP__SLOT_BYTES, 1, &is_zero), p);
    assert_false(is_zero);
}

/* Nobody knows how far the program writes, also where the run has grown. */
static void every_slot_of_a_run_has_been_used(void)
{
    keep_everything();
    struct pool *pool = pool_of(make_run(8 * EP__SLOT_BYTES));
    struct arena *arena = pool->arena;
    unsigned slot = pool->slot;
    assert_int_equal(dirty_word(arena), ep__bits_range(slot, 8));
    ep__run_free(pool);
    assert_int_equal(check_arenas().dirty_free_slots, 8);
    assert_int_equal(ep__retire_purge_all(NULL), 8 * EP__SLOT_BYTES);
    pool = pool_of(make_run(8 * EP__SLOT_BYTES));
    assert_true(ep__run_resize(pool, 2 * EP__SLOT_BYTES));
    assert_int_equal(ep__retire_purge_all(NULL), 6 * EP__SLOT_BYTES);
    assert_true(ep__run_resize(pool, 5 * EP__SLOT_BYTES));
    assert_int_equal(dirty_word(pool->arena), ep__bits_range(pool->slot, 5));
}

static void a_run_shrinks_where_it_stands(void)
{
    char *p = make_run(9 * EP__SLOT_BYTES);
    struct pool *pool = pool_of(p);
    assert_true(ep__run_resize(pool, 4 * EP__SLOT_BYTES - 5));
    assert_int_equal(ep__run_bytes(pool), 4 * EP__SLOT_BYTES);
    assert_int_equal(check_arenas().used_slots, 4);
    assert_true(ep__run_resize(pool, 1));
    assert_int_equal(ep__run_bytes(pool), EP__SLOT_BYTES);
    assert_int_equal(check_arenas().used_slots, 1);
    ep__run_free(pool);
    assert_int_equal(check_arenas().used_slots, 0);
}

static void a_run_grows_into_free_slots_above_it(void)
{
    char *p = make_run(3 * EP__SLOT_BYTES);
    struct pool *pool = pool_of(p);
    assert_true(ep__run_resize(pool, EP__SLOT_BYTES));
    memset(p, 1, EP__SLOT_BYTES);
    for (unsigned slots = 2; slots <= 3; slots++) {
        assert_true(ep__run_resize(pool, slots * EP__SLOT_BYTES));
        assert_int_equal(ep__run_bytes(pool), slots * EP__SLOT_BYTES);
        check_kinds(pool, slots);
        assert_true(is_all(p, EP__SLOT_BYTES, 1));
        assert_int_equal(check_arenas().used_slots, slots);
    }
    memset(p, 2, 3 * EP__SLOT_BYTES);
    ep__run_free(pool);
    assert_int_equal(check_arenas().used_slots, 0);
}

static void a_run_does_not_grow_into_what_is_not_free(void)
{
    char *p = make_run(16 * EP__SLOT_BYTES);
    struct pool *pool = pool_of(p);
    unsigned wall = pool->slot + 3U;
    assert_true(ep__run_resize(pool, EP__SLOT_BYTES));
    assert_true(ep__arena_acquire_at(pool->arena, wall, 1));
    assert_false(ep__run_resize(pool, 4 * EP__SLOT_BYTES));
    assert_int_equal(ep__run_bytes(pool), EP__SLOT_BYTES);
    assert_int_equal(check_arenas().used_slots, 2);
    assert_true(ep__run_resize(pool, 3 * EP__SLOT_BYTES));
    ep__arena_release(pool->arena, wall, 1);
    assert_true(ep__run_resize(pool, 4 * EP__SLOT_BYTES));
}

static void a_run_does_not_grow_beyond_its_arena(void)
{
    char *p = make_run(EP__SLOT_BYTES);
    struct pool *pool = pool_of(p);
    while (pool->slot != EP__ARENA_SLOTS - 1)
        pool = pool_of(make_run(EP__SLOT_BYTES));
    assert_false(ep__run_resize(pool, 2 * EP__SLOT_BYTES));
    assert_int_equal(ep__run_bytes(pool), EP__SLOT_BYTES);
    check_arenas();
}

static void a_run_does_not_grow_beyond_a_mebibyte(void)
{
    bool is_zero;
    char *p = get_run(EP__SLOT_BYTES, EP__ARENA_BYTES, &is_zero);
    struct pool *pool = pool_of(p);
    assert_true(ep__run_resize(pool, EP__RUN_BYTES_MAX));
    check_kinds(pool, RUN_SLOTS_MAX);
    assert_false(ep__run_resize(pool, EP__RUN_BYTES_MAX + 1));
    assert_int_equal(ep__run_bytes(pool), EP__RUN_BYTES_MAX);
}

static void without_memory_there_is_no_run_and_nothing_has_changed(void)
{
    bool is_zero;
    (void)make_arena();
    vm_failing_plan(1, UINT64_MAX);
    assert_null(get_run(EP__SLOT_BYTES, 1, &is_zero));
    vm_failing_plan(0, 0);
    assert_int_equal(check_arenas().used_slots, EP__ARENA_SLOTS);
    assert_non_null(get_run(EP__SLOT_BYTES, 1, &is_zero));
}

static void free_it(void *pool)
{
    ep__run_free(pool);
}

static void a_run_freed_twice_is_misuse(void)
{
    keep_everything();
    struct pool *pool = pool_of(make_run(EP__SLOT_BYTES));
    (void)make_run(EP__SLOT_BYTES);
    ep__run_free(pool);
    assert_true(aborts_saying(free_it, pool, "double free of the run"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_run_is_born_full_and_owned_by_nobody),
        alone(the_smallest_run_is_a_slot_and_the_biggest_a_mebibyte),
        alone(every_alignment_to_an_arena_is_kept),
        alone(a_freed_run_goes_to_its_arena),
        alone(used_memory_is_not_taken_for_zero),
        alone(every_slot_of_a_run_has_been_used),
        alone(a_run_shrinks_where_it_stands),
        alone(a_run_grows_into_free_slots_above_it),
        alone(a_run_does_not_grow_into_what_is_not_free),
        alone(a_run_does_not_grow_beyond_its_arena),
        alone(a_run_does_not_grow_beyond_a_mebibyte),
        alone(without_memory_there_is_no_run_and_nothing_has_changed),
        alone(a_run_freed_twice_is_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
