/* Recordings and the states at their end: lib/observe/trace.c. */
#include "unit/events.h"

#include <errno.h>

#include "arena/huge.h"
#include "unit/caches.h"
#include "unit/thread.h"

enum { CHUNK_BYTES = 1 << 18 };

/* Chunks and events of each kind in a file. */
static struct {
    unsigned chunks[EP__CHUNK_CLASSES + 1];
    unsigned events[EP__EVENT_KINDS];
    struct event last[EP__EVENT_KINDS];
} found;

static void count_in(FILE *file)
{
    static struct event bytes[CHUNK_BYTES / sizeof(struct event)];
    struct event_file_head head;
    memset(&found, 0, sizeof found);
    rewind(file);
    while (read_chunk(file, &head, bytes, sizeof bytes)) {
        assert_true(head.type <= EP__CHUNK_CLASSES);
        found.chunks[head.type]++;
        if (head.type != EP__CHUNK_EVENTS && head.type != EP__CHUNK_STATES)
            continue;
        for (unsigned i = 0; i < head.bytes / sizeof bytes[0]; i++) {
            found.events[bytes[i].kind]++;
            found.last[bytes[i].kind] = bytes[i];
        }
    }
}

static void a_recording_ends_with_what_the_tables_say(void)
{
    FILE *file = tmpfile();
    assert_int_equal(ep_trace_start(fileno(file)), 0);
    void *block = get_block(3);
    void *run = ep_malloc(100000);
    void *huge = ep_malloc(5 << 20);
    assert_int_equal(ep_trace_stop(-1), 0);
    ep_free(ep_malloc(6 << 20));
    count_in(file);
    assert_int_equal(found.chunks[EP__CHUNK_HEADER], 1);
    assert_int_equal(found.chunks[EP__CHUNK_CLASSES], 1);
    assert_int_equal(found.events[EP__EVENT_THREAD_BORN], 1);
    assert_int_equal(found.events[EP__EVENT_ARENA_CREATED], 1);
    assert_int_equal(found.events[EP__EVENT_HUGE_ALLOCATED], 1);
    assert_int_equal(found.events[EP__EVENT_SEEN_SLOTS], 1);
    assert_int_equal(found.events[EP__EVENT_SEEN_POOL], 1);
    assert_int_equal(found.events[EP__EVENT_SEEN_RUN], 1);
    assert_int_equal(found.events[EP__EVENT_SEEN_HUGE], 1);
    assert_int_equal(found.events[EP__EVENT_SEEN_THREAD], 1);
    struct event pool = found.last[EP__EVENT_SEEN_POOL];
    assert_int_equal(pool.object, (uintptr_t)pool_of(block)->base);
    assert_int_equal(ep__word_state(pool.after), EP__OWNED);
    assert_int_equal(pool.class, 3);
    assert_int_equal(pool.thread, ep__tls.tag);
    assert_int_equal(found.last[EP__EVENT_SEEN_RUN].object, (uintptr_t)run);
    assert_int_equal(found.last[EP__EVENT_SEEN_RUN].span, 2);
    assert_int_equal(found.last[EP__EVENT_SEEN_HUGE].object, (uintptr_t)huge);
}

static void what_stays_in_memory_is_drained_when_asked(void)
{
    FILE *file = tmpfile();
    assert_int_equal(ep_trace_start(-1), 0);
    void *block = ep_malloc(5 << 20);
    assert_int_equal(ep_trace_drain(fileno(file)), 0);
    ep_free(block);
    assert_int_equal(ep_trace_drain(fileno(file)), 0);
    count_in(file);
    assert_int_equal(found.events[EP__EVENT_HUGE_ALLOCATED], 1);
    assert_int_equal(found.events[EP__EVENT_HUGE_FREED], 1);
    assert_int_equal(found.events[EP__EVENT_SEEN_THREAD], 0);
    assert_int_equal(ep_trace_stop(fileno(file)), 0);
    count_in(file);
    assert_int_equal(found.events[EP__EVENT_SEEN_THREAD], 1);
    assert_int_equal(found.events[EP__EVENT_HUGE_FREED], 1);
}

static void fill_a_ring(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < EP__EVENT_RING_EVENTS; i++)
        ep_free(ep_malloc(100000));
}

static void what_does_not_fit_is_counted(void)
{
    assert_int_equal(ep_trace_start(-1), 0);
    assert_int_equal(ep_trace_dropped(), 0);
    on_thread(fill_a_ring, NULL);
    assert_true(ep_trace_dropped() > 0);
    assert_int_equal(ep_trace_stop(-1), 0);
}

static void live_and_idle(void *unused)
{
    (void)unused;
    ep_free(get_block(3));
    ep_thread_idle();
}

static void threads_are_told_from_birth_to_death(void)
{
    assert_int_equal(ep_trace_start(-1), 0);
    on_thread(live_and_idle, NULL);
    unsigned count = take_events();
    const struct event *born = one_event(count, EP__EVENT_THREAD_BORN);
    assert_int_equal(one_event(count, EP__EVENT_THREAD_IDLE)->after, born->after);
    assert_int_equal(one_event(count, EP__EVENT_THREAD_DIED)->after, born->after);
    assert_int_equal(one_event(count, EP__EVENT_THREAD_DIED)->thread, born->thread);
}

static void failures_are_told(void)
{
    assert_int_equal(ep_trace_start(1 << 20), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(ep_trace_start(-1), 0);
    assert_int_equal(ep_trace_start(-1), -1);
    assert_int_equal(errno, EBUSY);
    assert_int_equal(ep_trace_drain(-1), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(ep_trace_stop(1 << 20), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(ep_trace_start(-1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_recording_ends_with_what_the_tables_say),
        alone(what_stays_in_memory_is_drained_when_asked),
        alone(what_does_not_fit_is_counted),
        alone(threads_are_told_from_birth_to_death),
        alone(failures_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
