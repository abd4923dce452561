/* Upkeep: lib/cache/upkeep.c. */
#include "unit/alone.h"

#include "cache/upkeep.h"
#include "sys/vm.h"
#include "unit/caches.h"
#include "unit/thread.h"

static struct upkeep upkeep;

/* An arena all of whose slots are in use and have pages in memory. */
static struct arena *make_written(void)
{
    struct arena *arena = make_arena();
    keep_everything();
    memset(ep__arena_base(arena), 1, EP__ARENA_BYTES);
    ep__arena_mark_touched(arena, 0, EP__ARENA_BYTES);
    return arena;
}

/* Makes so many slots free that have pages in memory. */
static struct arena *retain_slots(unsigned slots)
{
    struct arena *arena = make_written();
    ep__arena_release(arena, 0, slots);
    return arena;
}

static void do_rounds(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        (void)ep__upkeep_round(&upkeep);
}

static void what_is_free_through_a_period_goes_back(void)
{
    struct arena *arena = retain_slots(10);
    do_rounds(EP__UPKEEP_ROUNDS - 1);
    assert_int_equal(ep__retire_retained_bytes(), 10 * EP__SLOT_BYTES);
    do_rounds(1);
    assert_int_equal(ep__retire_retained_bytes(), 0);
    assert_int_equal(ep__vm_resident_bytes(ep__arena_base(arena), EP__ARENA_BYTES),
                     54 * EP__SLOT_BYTES);
    check_arenas();
}

static void what_was_used_in_between_stays(void)
{
    struct arena *used = retain_slots(10);
    (void)retain_slots(20);
    do_rounds(3);
    assert_true(ep__arena_acquire_at(used, 0, 10));
    do_rounds(3);
    ep__arena_release(used, 0, 10);
    do_rounds(EP__UPKEEP_ROUNDS - 6);
    assert_int_equal(ep__retire_retained_bytes(), 10 * EP__SLOT_BYTES);
    do_rounds(EP__UPKEEP_ROUNDS);
    assert_int_equal(ep__retire_retained_bytes(), 0);
    check_arenas();
}

static void a_round_does_a_bounded_number_of_arenas(void)
{
    enum { ARENAS = 12 };
    for (unsigned i = 0; i < ARENAS; i++)
        (void)make_written();
    for (unsigned i = 0; i < ARENAS; i++)
        ep__arena_release(ep__arena_at(ep__window_at(0), i), 0, 32);
    do_rounds(EP__UPKEEP_ROUNDS - 1);
    size_t retained = ep__retire_retained_bytes();
    assert_int_equal(retained, ARENAS * 32 * EP__SLOT_BYTES);
    for (unsigned i = 0; i < 3; i++) {
        bool is_last = i == 2;
        assert_int_equal(ep__upkeep_round(&upkeep), is_last ? EP__UPKEEP_ROUND_MS : 1);
        retained -= 4 * 32 * EP__SLOT_BYTES;
        assert_int_equal(ep__retire_retained_bytes(), retained);
    }
}

static void what_is_above_the_bound_goes_back_without_a_period(void)
{
    (void)retain_slots(10);
    keep_nothing();
    do_rounds(1);
    assert_int_equal(ep__retire_retained_bytes(), 0);
}

enum { CLASS = 15, BLOCKS = 3 * 256 };

/* Three pools that nobody owns, one block of each of which is in use. */
static void leave_sparse_pools(void *blocks)
{
    void **block = blocks;
    for (unsigned i = 0; i < BLOCKS; i++)
        block[i] = get_block(CLASS);
    for (unsigned i = 0; i < BLOCKS; i++)
        if (i % 256 != 0)
            ep_free(block[i]);
}

static void quiet_pools_lose_their_free_pages(void)
{
    static void *blocks[BLOCKS];
    keep_everything();
    on_thread(leave_sparse_pools, blocks);
    struct pool *pool = pool_of(blocks[0]);
    do_rounds(2 * EP__UPKEEP_ROUNDS - 1);
    assert_int_equal(ep__pool_hole_pages(), 0);
    do_rounds(1);
    assert_int_equal(ep__pool_hole_pages(), 3 * 15);
    assert_int_equal(state_of(pool), EP__PARTIAL);
    uint64_t word = ep__pool_word(pool);
    do_rounds(2 * EP__UPKEEP_ROUNDS);
    assert_int_equal(ep__pool_word(pool), word);
}

/* A pool into which somebody frees in each period is not claimed in between. */
static void pools_in_change_are_left_alone(void)
{
    static void *blocks[BLOCKS];
    keep_everything();
    on_thread(leave_sparse_pools, blocks);
    struct pool *pool = pool_of(blocks[0]);
    struct block *chain;
    do_rounds(EP__UPKEEP_ROUNDS);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(claim(pool, CLASS, &chain));
        ep__pool_release(pool, pool->listed + ep__pool_join(pool, chain));
        do_rounds(EP__UPKEEP_ROUNDS);
        assert_int_equal(pool->holes, 0);
    }
}

static char group[] = "/tmp/epmalloc-cgroup-XXXXXX";

static void write_file(const char *name, const char *contents)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", group, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(contents, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void remove_group(void)
{
    static const char *const files[] = {"memory.current", "memory.high", "memory.pressure"};
    char path[256];
    for (unsigned i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", group, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(group);
}

/* A made-up group with a limit of 80 MiB, in use as told. */
static void make_group(unsigned used_mib, const char *pressure)
{
    char text[64];
    if (strstr(group, "XXXXXX") != NULL) {
        assert_non_null(mkdtemp(group));
        (void)snprintf(text, sizeof text, "cgroup:%s", group);
        assert_int_equal(ep__options_parse(text), 0);
    }
    write_file("memory.high", "83886080\n");
    (void)snprintf(text, sizeof text, "%u\n", used_mib << 20);
    write_file("memory.current", text);
    write_file("memory.pressure", pressure);
}

static const char no_pressure[] = "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";

/* A tenth of a period is enough to know. */
static size_t retained_in_group(unsigned used_mib, const char *pressure)
{
    (void)retain_slots(32);
    assert_true(ep__option_set(EP__OPTION_PURGE_DELAY, 0));
    make_group(used_mib, pressure);
    do_rounds(1);
    remove_group();
    return ep__retire_retained_bytes();
}

static void with_room_in_the_control_group_nothing_changes(void)
{
    assert_int_equal(retained_in_group(70, no_pressure), 32 * EP__SLOT_BYTES);
}

static void an_eighth_of_the_limit_is_left_unused(void)
{
    assert_int_equal(retained_in_group(71, no_pressure), 0);
}

static void who_waits_for_memory_gets_what_is_retained(void)
{
    assert_int_equal(retained_in_group(1, "some avg10=1.00 avg60=0.00 avg300=0.00 total=9\n"), 0);
}

static void pools_need_not_be_quiet_under_pressure(void)
{
    static void *blocks[BLOCKS];
    keep_everything();
    on_thread(leave_sparse_pools, blocks);
    make_group(79, "some avg10=25.10 avg60=0.00 avg300=0.00 total=9\n");
    do_rounds(EP__UPKEEP_ROUNDS);
    remove_group();
    assert_int_equal(ep__pool_hole_pages(), 3 * 15);
}

static void a_group_that_is_gone_limits_nothing(void)
{
    size_t bound = ep__retire_bound_bytes();
    make_group(80, no_pressure);
    do_rounds(1);
    assert_int_equal(ep__retire_bound_bytes(), 0);
    remove_group();
    do_rounds(EP__UPKEEP_ROUNDS);
    assert_int_equal(ep__retire_bound_bytes(), bound);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(what_is_free_through_a_period_goes_back),
        alone(what_was_used_in_between_stays),
        alone(a_round_does_a_bounded_number_of_arenas),
        alone(what_is_above_the_bound_goes_back_without_a_period),
        alone(quiet_pools_lose_their_free_pages),
        alone(pools_in_change_are_left_alone),
        alone(with_room_in_the_control_group_nothing_changes),
        alone(an_eighth_of_the_limit_is_left_unused),
        alone(who_waits_for_memory_gets_what_is_retained),
        alone(pools_need_not_be_quiet_under_pressure),
        alone(a_group_that_is_gone_limits_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
