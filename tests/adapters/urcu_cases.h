/* What libepmalloc-urcu promises, whatever its grace periods are made of.
 *
 * Included by a program that says, before, how a reader holds grace periods up and lets them go on:
 * hold_up(), let_go(), await_grace(), enter_thread(), leave_thread(), and FLAVOR, the flavour.
 */
#ifndef TESTS_ADAPTERS_URCU_CASES_H
#define TESTS_ADAPTERS_URCU_CASES_H

#include <epmalloc-urcu.h>
#include <errno.h>

#include "unit/alone.h"
#include "unit/thread.h"

enum { BLOCKS = 3000, BYTES = 64 };

static unsigned calls;
static char *blocks[BLOCKS];

static size_t in_use(void)
{
    struct ep_stats stats;
    assert_int_equal(ep_stats(&stats, sizeof stats), 0);
    return stats.blocks_in_use;
}

static void count_call(void *argument)
{
    assert_ptr_equal(argument, &calls);
    calls++;
}

static void get_blocks(void)
{
    for (unsigned i = 0; i < BLOCKS; i++) {
        blocks[i] = ep_malloc(BYTES);
        memset(blocks[i], 0x5a, BYTES);
    }
}

static void defer_blocks(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < BLOCKS; i++)
        assert_int_equal(ep_free_rcu_flavor(FLAVOR, blocks[i]), 0);
}

static void null_is_nothing(void)
{
    enter_thread();
    size_t before = in_use();
    assert_int_equal(ep_free_rcu_flavor(FLAVOR, NULL), 0);
    assert_int_equal(in_use(), before);
    assert_int_equal(ep_rcu_poll_flavor(FLAVOR), 0);
    leave_thread();
}

/* Nothing is freed or written into while a reader may see it. */
static void nothing_is_touched_before_its_grace_period(void)
{
    enter_thread();
    get_blocks();
    hold_up();
    defer_blocks(NULL);
    assert_int_equal(ep_defer_rcu_flavor(FLAVOR, count_call, &calls), 0);
    assert_int_equal(ep_rcu_poll_flavor(FLAVOR), BLOCKS + 1);
    for (unsigned i = 0; i < BLOCKS; i++)
        for (unsigned byte = 0; byte < BYTES; byte++)
            assert_int_equal(blocks[i][byte], 0x5a);
    assert_int_equal(calls, 0);
    let_go();
    ep_rcu_barrier_flavor(FLAVOR);
    assert_int_equal(calls, 1);
    assert_int_equal(ep_rcu_poll_flavor(FLAVOR), 0);
    leave_thread();
}

static void a_barrier_leaves_nothing(void)
{
    enter_thread();
    assert_int_equal(ep_defer_rcu_flavor(FLAVOR, count_call, &calls), 0);
    assert_int_equal(ep_free_rcu_flavor(FLAVOR, ep_malloc(1)), 0);
    ep_rcu_barrier_flavor(FLAVOR);
    size_t before = in_use();
    get_blocks();
    defer_blocks(NULL);
    ep_rcu_barrier_flavor(FLAVOR);
    assert_int_equal(in_use(), before);
    assert_int_equal(calls, 1);
    leave_thread();
}

/* What is over is freed by later deferrals, a portion at a time; batches come and go as well. */
static void later_deferrals_free_what_is_over(void)
{
    enter_thread();
    get_blocks();
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(ep_free_rcu_flavor(FLAVOR, blocks[i]), 0);
    assert_int_equal(ep_rcu_poll_flavor(FLAVOR), 100);
    await_grace();
    size_t before = in_use();
    for (unsigned i = 100; i < 132; i++)
        assert_int_equal(ep_free_rcu_flavor(FLAVOR, blocks[i]), 0);
    assert_in_range(in_use(), before - 110, before - 30);
    ep_rcu_barrier_flavor(FLAVOR);
    leave_thread();
}

static void defer_and_end(void *unused)
{
    enter_thread();
    defer_blocks(unused);
    assert_int_equal(ep_defer_rcu_flavor(FLAVOR, count_call, &calls), 0);
    leave_thread();
}

static void an_ended_threads_deferrals_are_taken(void)
{
    enter_thread();
    assert_int_equal(ep_rcu_poll_flavor(FLAVOR), 0);
    size_t before = in_use();
    get_blocks();
    on_thread(defer_and_end, NULL);
    assert_int_equal(calls, 0);
    ep_rcu_barrier_flavor(FLAVOR);
    assert_int_equal(calls, 1);
    assert_in_range(in_use(), 0, before + 8);
    leave_thread();
}

static void defer_again(void *left)
{
    if ((*(unsigned *)left)-- != 0)
        assert_int_equal(ep_defer_rcu_flavor(FLAVOR, defer_again, left), 0);
}

static void a_call_may_defer(void)
{
    unsigned left = 5;
    enter_thread();
    assert_int_equal(ep_defer_rcu_flavor(FLAVOR, defer_again, &left), 0);
    for (unsigned i = 0; i < 6; i++)
        ep_rcu_barrier_flavor(FLAVOR);
    assert_int_equal(left, UINT32_MAX);
    assert_int_equal(ep_rcu_poll_flavor(FLAVOR), 0);
    leave_thread();
}

static int run_cases(void)
{
    const struct CMUnitTest tests[] = {
        alone(null_is_nothing),
        alone(nothing_is_touched_before_its_grace_period),
        alone(a_barrier_leaves_nothing),
        alone(later_deferrals_free_what_is_over),
        alone(an_ended_threads_deferrals_are_taken),
        alone(a_call_may_defer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
