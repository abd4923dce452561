/* libepmalloc-urcu as it is built for a liburcu that can be polled (0.14 and later), on a stand-in for it. */
#include <stdbool.h>

#include <urcu/flavor.h>

static unsigned long now, over;
static bool is_held;

static struct urcu_gp_poll_state start_poll(void)
{
    return (struct urcu_gp_poll_state){++now};
}

static bool is_over(struct urcu_gp_poll_state state)
{
    return state.grace_period_id <= over;
}

static void end_grace_period(void)
{
    if (!is_held)
        over = now;
}

static const struct rcu_flavor_struct flavor = {
    .barrier = end_grace_period,
    .update_start_poll_synchronize_rcu = start_poll,
    .update_poll_state_synchronize_rcu = is_over,
};
#define FLAVOR (&flavor)

static void enter_thread(void)
{
}

static void leave_thread(void)
{
}

static void hold_up(void)
{
    is_held = true;
}

static void let_go(void)
{
    is_held = false;
}

static void await_grace(void)
{
    end_grace_period();
}

#include "adapters/urcu_cases.h"

/* One grace period for each 500 blocks. */
static void a_batch_has_one_grace_period(void)
{
    get_blocks();
    defer_blocks(NULL);
    assert_in_range(now, (BLOCKS - 1) / 500, BLOCKS / 500 + 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {alone(a_batch_has_one_grace_period)};
    return run_cases() + cmocka_run_group_tests(tests, NULL, NULL);
}
