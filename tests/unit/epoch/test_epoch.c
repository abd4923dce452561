/* Grace periods: lib/epoch/epoch.c.  One thread plays several: a record belongs to whoever uses it. */
#include "unit/alone.h"

#include "epoch/epoch.h"

enum { POLLS = 8, ENTRIES = 100, PROCESS = 1, CHILD = 2 };

static struct epoch_record own;
static struct epoch_record other;
static struct epoch_record third;
static struct epoch_entry entries[ENTRIES];
static unsigned runs[ENTRIES];

static void note_run(struct epoch_entry *entry)
{
    runs[entry - entries]++;
}

static void adopt_records(void)
{
    ep__epoch_adopt_record(&own, PROCESS);
    ep__epoch_adopt_record(&other, PROCESS);
    ep__epoch_adopt_record(&third, PROCESS);
}

static void defer_in_section(struct epoch_record *record, unsigned i)
{
    ep__epoch_enter(record);
    ep__epoch_defer(record, &entries[i], note_run);
    ep__epoch_exit(record);
}

static void poll_often(struct epoch_record *record)
{
    for (unsigned i = 0; i < POLLS; i++)
        ep__epoch_poll(record);
}

static void a_call_runs_once_when_no_section_is_open(void)
{
    adopt_records();
    defer_in_section(&own, 0);
    assert_int_equal(runs[0], 0);
    poll_often(&own);
    assert_int_equal(runs[0], 1);
    poll_often(&own);
    assert_int_equal(runs[0], 1);
}

static void a_call_waits_for_a_section_that_was_open_when_it_was_deferred(void)
{
    adopt_records();
    ep__epoch_enter(&other);
    defer_in_section(&own, 0);
    poll_often(&own);
    assert_int_equal(runs[0], 0);
    ep__epoch_exit(&other);
    poll_often(&own);
    assert_int_equal(runs[0], 1);
}

static void a_section_ends_with_its_outermost_exit(void)
{
    adopt_records();
    ep__epoch_enter(&other);
    ep__epoch_enter(&other);
    defer_in_section(&own, 0);
    ep__epoch_exit(&other);
    poll_often(&own);
    assert_int_equal(runs[0], 0);
    ep__epoch_exit(&other);
    poll_often(&own);
    assert_int_equal(runs[0], 1);
}

static void sections_that_come_and_go_do_not_hold_a_call_back(void)
{
    adopt_records();
    defer_in_section(&own, 0);
    for (unsigned i = 0; i < POLLS; i++) {
        ep__epoch_enter(&other);
        ep__epoch_exit(&other);
        ep__epoch_poll(&own);
    }
    assert_int_equal(runs[0], 1);
}

static void every_call_of_many_runs_exactly_once(void)
{
    adopt_records();
    for (unsigned i = 0; i < ENTRIES; i++) {
        defer_in_section(i % 2 ? &own : &other, i);
        if (i % 7 == 0)
            ep__epoch_poll(&own);
    }
    for (unsigned i = 0; i < POLLS; i++) {
        ep__epoch_poll(&own);
        ep__epoch_poll(&other);
    }
    for (unsigned i = 0; i < ENTRIES; i++)
        assert_int_equal(runs[i], 1);
}

static void what_was_handed_over_is_run_by_whoever_polls_next(void)
{
    adopt_records();
    for (unsigned i = 0; i < 10; i++)
        defer_in_section(&other, i);
    ep__epoch_hand_over(&other);
    poll_often(&own);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(runs[i], 1);
}

static void what_was_handed_over_waits_for_sections_open_now(void)
{
    adopt_records();
    defer_in_section(&other, 0);
    ep__epoch_hand_over(&other);
    ep__epoch_enter(&third);
    poll_often(&own);
    assert_int_equal(runs[0], 0);
    ep__epoch_exit(&third);
    poll_often(&own);
    assert_int_equal(runs[0], 1);
}

static void a_record_that_handed_over_is_ready_for_another_owner(void)
{
    adopt_records();
    defer_in_section(&other, 0);
    ep__epoch_hand_over(&other);
    assert_int_equal(other.record.n_pending, 0);
    assert_int_equal(other.record.active, 0);
    for (unsigned i = 0; i < CK_EPOCH_LENGTH; i++)
        assert_true(CK_STACK_ISEMPTY(&other.record.pending[i]));
    ep__epoch_adopt_record(&other, PROCESS);
    poll_often(&own);
    defer_in_section(&other, 1);
    poll_often(&other);
    assert_int_equal(runs[0], 1);
    assert_int_equal(runs[1], 1);
}

static void handing_nothing_over_is_nothing(void)
{
    adopt_records();
    ep__epoch_hand_over(&other);
    poll_often(&own);
    assert_int_equal(own.record.n_pending, 0);
}

static void an_entry_without_a_record_is_run_by_whoever_polls_next(void)
{
    adopt_records();
    ep__epoch_defer_orphan(&entries[3], note_run);
    ep__epoch_defer_orphan(&entries[4], note_run);
    assert_int_equal(runs[3], 0);
    poll_often(&own);
    assert_int_equal(runs[3], 1);
    assert_int_equal(runs[4], 1);
}

static void an_entry_may_be_deferred_again_when_its_call_has_run(void)
{
    adopt_records();
    for (unsigned i = 0; i < 3; i++) {
        defer_in_section(&own, 5);
        poll_often(&own);
        assert_int_equal(runs[5], i + 1);
    }
}

static void a_record_is_registered_once_however_often_it_is_adopted(void)
{
    adopt_records();
    adopt_records();
    adopt_records();
    /* A record twice in the domain's list would make it a ring. */
    ep__epoch_forget_others(CHILD);
    defer_in_section(&own, 0);
    poll_often(&own);
    assert_int_equal(runs[0], 1);
}

static void forgetting_closes_the_sections_of_threads_that_are_gone(void)
{
    adopt_records();
    ep__epoch_enter(&other);
    ep__epoch_enter(&third);
    ep__epoch_enter(&third);
    ep__epoch_move_record(&own, CHILD);
    defer_in_section(&own, 0);
    ep__epoch_forget_others(CHILD);
    poll_often(&own);
    assert_int_equal(runs[0], 1);
    assert_int_equal(other.record.active, 0);
    assert_int_equal(third.record.active, 0);
}

static void forgetting_keeps_sections_of_the_process_itself(void)
{
    adopt_records();
    ep__epoch_move_record(&own, CHILD);
    ep__epoch_adopt_record(&third, CHILD);
    ep__epoch_enter(&own);
    ep__epoch_enter(&third);
    ep__epoch_forget_others(CHILD);
    ep__epoch_exit(&own);
    defer_in_section(&other, 0);
    poll_often(&other);
    assert_int_equal(runs[0], 0);
    ep__epoch_exit(&third);
    poll_often(&other);
    assert_int_equal(runs[0], 1);
}

static void a_poll_inside_a_section_leaves_the_section_where_it_is(void)
{
    adopt_records();
    defer_in_section(&own, 1);
    ep__epoch_enter(&own);
    defer_in_section(&other, 0);
    for (unsigned i = 0; i < POLLS; i++) {
        poll_often(&own);
        poll_often(&other);
        assert_int_equal(runs[0] + runs[1], 0);
    }
    ep__epoch_exit(&own);
    poll_often(&own);
    poll_often(&other);
    assert_int_equal(runs[0], 1);
    assert_int_equal(runs[1], 1);
}

static void entries_and_grace_periods_are_counted(void)
{
    adopt_records();
    assert_int_equal(ep__epoch_pending(&own), 0);
    for (unsigned i = 0; i < 3; i++)
        defer_in_section(&own, i);
    assert_int_equal(ep__epoch_pending(&own), 3);
    ep__epoch_enter(&other);
    ep__epoch_poll(&own);
    ep__epoch_poll(&own);
    uint64_t before = ep__epoch_grace_periods(&own);
    assert_int_equal(ep__epoch_pending(&own), 3);
    ep__epoch_exit(&other);
    ep__epoch_poll(&own);
    assert_int_equal(ep__epoch_pending(&own), 0);
    assert_int_equal(ep__epoch_grace_periods(&own), before + 1);
    poll_often(&own);
    assert_int_equal(ep__epoch_grace_periods(&own), before + 1);
    assert_int_equal(ep__epoch_grace_periods(&other), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_call_runs_once_when_no_section_is_open),
        alone(a_call_waits_for_a_section_that_was_open_when_it_was_deferred),
        alone(a_section_ends_with_its_outermost_exit),
        alone(sections_that_come_and_go_do_not_hold_a_call_back),
        alone(every_call_of_many_runs_exactly_once),
        alone(what_was_handed_over_is_run_by_whoever_polls_next),
        alone(what_was_handed_over_waits_for_sections_open_now),
        alone(a_record_that_handed_over_is_ready_for_another_owner),
        alone(handing_nothing_over_is_nothing),
        alone(an_entry_without_a_record_is_run_by_whoever_polls_next),
        alone(an_entry_may_be_deferred_again_when_its_call_has_run),
        alone(a_record_is_registered_once_however_often_it_is_adopted),
        alone(forgetting_closes_the_sections_of_threads_that_are_gone),
        alone(forgetting_keeps_sections_of_the_process_itself),
        alone(a_poll_inside_a_section_leaves_the_section_where_it_is),
        alone(entries_and_grace_periods_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
