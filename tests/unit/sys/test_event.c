/* Events: lib/sys/event.c. */
#include "unit/events.h"

#include <errno.h>

#include "fake/vm_failing.h"
#include "sys/clock.h"
#include "sys/options.h"
#include "sys/task.h"
#include "unit/thread.h"

static void tell(void *object)
{
    struct event event = {
        .kind = EP__EVENT_HUGE_ALLOCATED, .object = (uintptr_t)object, .after = 7};
    if (ep__event_is_wanted(EP__EVENT_HUGE_ALLOCATED))
        ep__event_tell(&event);
}

static void nothing_is_told_before_somebody_asks(void)
{
    for (unsigned i = 0; i < EP__EVENT_KINDS; i++)
        assert_false(ep__event_is_wanted((enum ep__event_kind)i));
    tell(NULL);
    assert_null(ep__event_rings());
}

static void an_event_is_told_with_time_and_thread(void)
{
    uint64_t before = ep__clock_ns();
    assert_int_equal(ep__event_start(-1), 0);
    errno = EDOM;
    tell(&before);
    assert_int_equal(errno, EDOM);
    const struct event *told = one_event(take_events(), EP__EVENT_HUGE_ALLOCATED);
    assert_int_equal(told->object, (uintptr_t)&before);
    assert_int_equal(told->after, 7);
    assert_int_equal(told->thread, ep__task_number());
    assert_in_range(told->time_ns, before, ep__clock_ns());
}

static void after_its_end_a_recording_grows_no_more(void)
{
    assert_int_equal(ep__event_start(-1), 0);
    assert_int_equal(ep__event_start(-1), EBUSY);
    tell(NULL);
    ep__event_stop();
    tell(NULL);
    assert_int_equal(take_events(), 1);
    tell(NULL);
    assert_int_equal(ep__event_start(-1), 0);
    tell(NULL);
    tell(NULL);
    assert_int_equal(take_events(), 2);
}

static void what_an_earlier_recording_left_is_not_in_the_next(void)
{
    assert_int_equal(ep__event_start(-1), 0);
    for (unsigned i = 0; i < EP__EVENT_RING_EVENTS + 3; i++)
        tell(NULL);
    assert_int_equal(ep__event_dropped(), 3);
    ep__event_stop();
    assert_int_equal(ep__event_start(-1), 0);
    assert_int_equal(ep__event_dropped(), 0);
    assert_int_equal(take_events(), 0);
}

static void a_thread_keeps_its_ring_from_birth_to_end(void)
{
    assert_int_equal(ep__event_start(-1), 0);
    ep__event_thread_begin();
    tell(NULL);
    on_thread(tell, NULL);
    on_thread(tell, NULL);
    struct event_ring *of_threads = ep__event_rings();
    struct event_ring *own = of_threads->next;
    assert_null(own->next);
    ep__event_thread_end();
    assert_int_equal(ep__load_relaxed(&own->is_owned), 0);
    assert_int_equal(ep__load_relaxed(&of_threads->is_owned), 0);
    assert_int_equal(ep__load_relaxed(&of_threads->written), 2);
}

static void without_memory_events_are_counted(void)
{
    assert_int_equal(ep__event_start(-1), 0);
    vm_failing_plan(1, UINT32_MAX);
    tell(NULL);
    tell(NULL);
    assert_int_equal(ep__event_dropped(), 2);
}

static void a_full_ring_goes_to_the_file(void)
{
    FILE *file = tmpfile();
    static struct event events[2 * EP__EVENT_RING_EVENTS];
    struct event_file_head head;
    uintptr_t read = 0;
    assert_int_equal(ep__event_start(fileno(file)), 0);
    assert_int_equal(ep__event_file_now(), fileno(file));
    for (uintptr_t i = 0; i < 2 * EP__EVENT_RING_EVENTS + 10; i++)
        tell((void *)i);
    assert_int_equal(ep__event_dropped(), 0);
    assert_int_equal(ep__event_drain(fileno(file)), 0);
    rewind(file);
    assert_true(read_chunk(file, &head, events, sizeof events));
    assert_int_equal(head.type, EP__CHUNK_HEADER);
    while (read_chunk(file, &head, events, sizeof events)) {
        assert_int_equal(head.type, EP__CHUNK_EVENTS);
        for (unsigned i = 0; i < head.bytes / sizeof events[0]; i++)
            assert_int_equal(events[i].object, read++);
    }
    assert_int_equal(read, 2 * EP__EVENT_RING_EVENTS + 10);
}

/* The program has closed what it does not know, and opened something else under the same number. */
static void a_file_that_is_another_one_now_is_left_alone(void)
{
    FILE *file = tmpfile();
    FILE *other = tmpfile();
    int descriptor = fileno(file);
    assert_int_equal(ep__event_start(descriptor), 0);
    assert_int_equal(dup2(fileno(other), descriptor), descriptor);
    for (unsigned i = 0; i < EP__EVENT_RING_EVENTS + 1; i++)
        tell(NULL);
    assert_int_equal(ep__event_dropped(), 1);
    assert_int_equal(ep__event_file_now(), -1);
    assert_int_equal(lseek(fileno(other), 0, SEEK_END), 0);
}

static void tell_in_child(void *expected)
{
    ep__event_forget();
    tell(NULL);
    assert_int_equal(take_events(), 0);
    assert_int_equal(ep__event_start(-1), 0);
    tell(expected);
    assert_int_equal(one_event(take_events(), EP__EVENT_HUGE_ALLOCATED)->thread, getpid());
}

static void a_child_records_nothing_until_it_asks(void)
{
    assert_int_equal(ep__event_start(-1), 0);
    ep__event_thread_begin();
    tell(NULL);
    in_child(tell_in_child, NULL);
}

static void the_option_names_the_file(void)
{
    char name[] = "/tmp/epmalloc-test-XXXXXX";
    char entry[64];
    struct event_file_head head;
    struct event_file_header header;
    assert_true(close(mkstemp(name)) == 0);
    snprintf(entry, sizeof entry, "trace:%s", name);
    assert_int_equal(ep__options_parse(entry), 0);
    ep__event_load();
    ep__event_load();
    assert_true(ep__event_is_recorded(EP__EVENT_HUGE_ALLOCATED));
    FILE *file = fopen(name, "r");
    assert_non_null(file);
    assert_true(read_chunk(file, &head, &header, sizeof header));
    assert_int_equal(header.is_from_start, 1);
    assert_false(read_chunk(file, &head, &header, sizeof header));
    fclose(file);
    unlink(name);
}

static void load(void *unused)
{
    (void)unused;
    ep__event_load();
    abort();
}

static void a_file_that_cannot_be_made_is_named(void)
{
    assert_int_equal(ep__options_parse("trace:/nowhere/at/all"), 0);
    assert_true(aborts_saying(load, NULL, "trace: the file \"/nowhere/at/all\" cannot be written"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(nothing_is_told_before_somebody_asks),
        alone(an_event_is_told_with_time_and_thread),
        alone(after_its_end_a_recording_grows_no_more),
        alone(what_an_earlier_recording_left_is_not_in_the_next),
        alone(a_thread_keeps_its_ring_from_birth_to_end),
        alone(without_memory_events_are_counted),
        alone(a_full_ring_goes_to_the_file),
        alone(a_file_that_is_another_one_now_is_left_alone),
        alone(a_child_records_nothing_until_it_asks),
        alone(the_option_names_the_file),
        alone(a_file_that_cannot_be_made_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
