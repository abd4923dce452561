/* Grace periods of the program: lib/epoch/grace.c.  One thread plays several: a record belongs to whoever uses it. */
#include "unit/alone.h"

#include "epoch/grace.h"
#include "sys/task.h"

enum { PROCESS = 1, CHILD = 2 };

static struct grace_record own;
static struct grace_record other;
static struct grace_record third;

static void adopt_records(void)
{
    ep__grace_adopt_record(&own, PROCESS);
    ep__grace_adopt_record(&other, PROCESS);
    ep__grace_adopt_record(&third, PROCESS);
}

static bool is_over_now(uint64_t goal)
{
    (void)ep__grace_poll(PROCESS);
    return ep__grace_is_over(goal);
}

static void a_goal_is_over_when_no_section_is_open_and_somebody_has_looked(void)
{
    adopt_records();
    uint64_t goal = ep__grace_begin();
    assert_false(ep__grace_is_over(goal));
    assert_true(is_over_now(goal));
}

static void a_goal_waits_for_each_section_that_was_open_when_it_began(void)
{
    adopt_records();
    ep__grace_enter(&other);
    ep__grace_enter(&third);
    uint64_t goal = ep__grace_begin();
    assert_false(is_over_now(goal));
    assert_true(ep__grace_exit(&other));
    assert_false(is_over_now(goal));
    assert_true(ep__grace_exit(&third));
    assert_true(is_over_now(goal));
}

static void a_goal_does_not_wait_for_sections_entered_after_it_began(void)
{
    adopt_records();
    uint64_t goal = ep__grace_begin();
    ep__grace_enter(&other);
    assert_true(is_over_now(goal));
    uint64_t next = ep__grace_begin();
    assert_false(is_over_now(next));
    assert_true(is_over_now(goal));
}

static void of_several_goals_those_before_the_oldest_section_are_over(void)
{
    adopt_records();
    uint64_t first = ep__grace_begin();
    ep__grace_enter(&other);
    uint64_t second = ep__grace_begin();
    ep__grace_enter(&third);
    uint64_t last = ep__grace_begin();
    assert_true(is_over_now(first));
    assert_false(ep__grace_is_over(second));
    assert_true(ep__grace_exit(&other));
    assert_true(is_over_now(second));
    assert_false(ep__grace_is_over(last));
}

static void a_section_ends_with_its_outermost_exit(void)
{
    adopt_records();
    for (unsigned i = 0; i < EP__SECTION_DEPTH_MAX; i++)
        ep__grace_enter(&other);
    uint64_t goal = ep__grace_begin();
    for (unsigned i = 1; i < EP__SECTION_DEPTH_MAX; i++)
        assert_true(ep__grace_exit(&other));
    assert_true(ep__grace_is_inside(&other));
    assert_false(is_over_now(goal));
    assert_true(ep__grace_exit(&other));
    assert_false(ep__grace_is_inside(&other));
    assert_true(is_over_now(goal));
}

static void an_exit_outside_sections_says_so(void)
{
    adopt_records();
    assert_false(ep__grace_exit(&own));
    ep__grace_enter(&own);
    assert_true(ep__grace_exit(&own));
    assert_false(ep__grace_exit(&own));
}

static void enter_once_more(void *record)
{
    ep__grace_enter(record);
}

static void a_depth_that_cannot_be_counted_aborts(void)
{
    adopt_records();
    for (unsigned i = 0; i < EP__SECTION_DEPTH_MAX; i++)
        ep__grace_enter(&own);
    assert_true(aborts_saying(enter_once_more, &own, "called 4096 times"));
}

static void a_threads_end_ends_its_sections(void)
{
    adopt_records();
    ep__grace_enter(&other);
    ep__grace_enter(&other);
    uint64_t goal = ep__grace_begin();
    ep__grace_leave_record(&other);
    assert_true(is_over_now(goal));
}

static void guests_are_waited_for_until_the_last_has_left(void)
{
    adopt_records();
    ep__grace_enter_guest(PROCESS);
    ep__grace_enter_guest(PROCESS);
    uint64_t goal = ep__grace_begin();
    ep__grace_exit_guest(PROCESS);
    assert_false(is_over_now(goal));
    ep__grace_exit_guest(PROCESS);
    assert_true(is_over_now(goal));
    /* One exit too many is nothing. */
    ep__grace_exit_guest(PROCESS);
    ep__grace_enter_guest(PROCESS);
    assert_false(is_over_now(ep__grace_begin()));
}

static void guests_of_the_parent_do_not_count(void)
{
    adopt_records();
    ep__grace_enter_guest(PROCESS);
    uint64_t goal = ep__grace_begin();
    (void)ep__grace_poll(CHILD);
    assert_true(ep__grace_is_over(goal));
    ep__grace_enter_guest(CHILD);
    goal = ep__grace_begin();
    (void)ep__grace_poll(CHILD);
    assert_false(ep__grace_is_over(goal));
    /* A guest that the fork has cut off leaves: it is not counted. */
    ep__grace_exit_guest(PROCESS);
    (void)ep__grace_poll(CHILD);
    assert_false(ep__grace_is_over(goal));
    ep__grace_exit_guest(CHILD);
    (void)ep__grace_poll(CHILD);
    assert_true(ep__grace_is_over(goal));
}

static void forgetting_closes_the_sections_of_threads_that_are_gone(void)
{
    adopt_records();
    ep__grace_enter(&own);
    ep__grace_enter(&other);
    ep__grace_move_record(&third, CHILD);
    ep__grace_enter(&third);
    ep__grace_forget_others(CHILD, &own);
    assert_true(ep__grace_is_inside(&own));
    assert_false(ep__grace_is_inside(&other));
    assert_true(ep__grace_is_inside(&third));
}

static void bytes_are_summed_over_the_threads_of_the_process(void)
{
    adopt_records();
    ep__grace_count(&own, EP__WAITING_BYTES, 100);
    ep__grace_count(&other, EP__WAITING_BYTES, 23);
    assert_int_equal(ep__grace_poll(PROCESS), 123);
    ep__grace_count(&own, EP__WAITING_BYTES, (uint64_t)0 - 100);
    assert_int_equal(ep__grace_poll(PROCESS), 23);
    ep__grace_move_record(&own, CHILD);
    assert_int_equal(ep__grace_poll(CHILD), 0);
}

static void the_sum_names_the_thread_of_the_oldest_section(void)
{
    struct grace_sum sum;
    adopt_records();
    ep__grace_sum_up(PROCESS, &sum);
    assert_int_equal(sum.sections, 0);
    assert_int_equal(sum.oldest, 0);
    (void)ep__grace_begin();
    ep__grace_enter(&other);
    (void)ep__grace_begin();
    ep__grace_enter(&third);
    ep__store_relaxed(&third.thread, 77);
    ep__grace_enter_guest(PROCESS);
    ep__grace_count(&own, EP__FREED_BLOCKS, 2);
    ep__grace_count(&third, EP__FREED_BLOCKS, 3);
    ep__store_relaxed(&own.waiting_since_ms, 20);
    ep__store_relaxed(&other.waiting_since_ms, 10);
    ep__grace_sum_up(PROCESS, &sum);
    assert_int_equal(sum.sections, 3);
    assert_int_equal(sum.oldest, EP__GRACE_FIRST + 1);
    assert_int_equal(sum.oldest_thread, ep__task_number());
    assert_int_equal(sum.counts[EP__FREED_BLOCKS], 5);
    assert_int_equal(sum.waiting_since_ms, 10);
    assert_true(ep__grace_exit(&other));
    ep__grace_sum_up(PROCESS, &sum);
    assert_int_equal(sum.oldest_thread, 77);
}

static void a_record_is_registered_once_however_often_it_is_adopted(void)
{
    adopt_records();
    adopt_records();
    /* A record twice in the list would make it a ring. */
    ep__grace_count(&own, EP__WAITING_BYTES, 1);
    assert_int_equal(ep__grace_poll(PROCESS), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_goal_is_over_when_no_section_is_open_and_somebody_has_looked),
        alone(a_goal_waits_for_each_section_that_was_open_when_it_began),
        alone(a_goal_does_not_wait_for_sections_entered_after_it_began),
        alone(of_several_goals_those_before_the_oldest_section_are_over),
        alone(a_section_ends_with_its_outermost_exit),
        alone(an_exit_outside_sections_says_so),
        alone(a_depth_that_cannot_be_counted_aborts),
        alone(a_threads_end_ends_its_sections),
        alone(guests_are_waited_for_until_the_last_has_left),
        alone(guests_of_the_parent_do_not_count),
        alone(forgetting_closes_the_sections_of_threads_that_are_gone),
        alone(bytes_are_summed_over_the_threads_of_the_process),
        alone(the_sum_names_the_thread_of_the_oldest_section),
        alone(a_record_is_registered_once_however_often_it_is_adopted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
