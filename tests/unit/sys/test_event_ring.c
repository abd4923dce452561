/* Event rings: lib/sys/event_ring.c. */
#include "unit/alone.h"

#include "fake/vm_failing.h"
#include "sys/event_ring.h"
#include "unit/thread.h"

static struct event numbered(uint64_t number)
{
    return (struct event){.number = number};
}

static void put_numbered(struct event_ring *ring, uint64_t first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct event event = numbered(first + i);
        assert_true(ep__event_ring_put(ring, &event));
        assert_true(ep__event_ring_check(ring));
    }
}

/* What there is to read is first, first+1, ...; `count` of them are read. */
static void take_numbered(struct event_ring *ring, uint64_t number, uint32_t count)
{
    const struct event *first;
    uint32_t in_first;
    assert_true(ep__event_ring_claim(ring));
    assert_true(ep__event_ring_look(ring, &first, &in_first) >= count);
    for (uint32_t i = 0; i < count; i++) {
        const struct event *event = i < in_first ? &first[i] : &ring->events[i - in_first];
        assert_int_equal(event->number, number + i);
    }
    ep__event_ring_take(ring, count);
    ep__event_ring_leave(ring);
}

static void events_are_read_in_the_order_in_which_they_were_told(void)
{
    struct event_ring *ring = ep__event_ring_adopt();
    assert_non_null(ring);
    uint64_t told = 0;
    uint64_t read = 0;
    for (unsigned i = 0; i < 100; i++) {
        put_numbered(ring, told, 1000);
        told += 1000;
        take_numbered(ring, read, 999);
        read += 999;
    }
    take_numbered(ring, read, (uint32_t)(told - read));
}

static void a_full_ring_takes_nothing_and_keeps_what_it_has(void)
{
    struct event_ring *ring = ep__event_ring_adopt();
    struct event late = numbered(77);
    put_numbered(ring, 0, ring->capacity);
    assert_false(ep__event_ring_put(ring, &late));
    ep__event_ring_drop(ring);
    assert_int_equal(ep__load_relaxed(&ring->dropped), 1);
    take_numbered(ring, 0, 1);
    assert_true(ep__event_ring_put(ring, &late));
    take_numbered(ring, 1, ring->capacity - 1);
    take_numbered(ring, 77, 1);
}

static void one_reads_at_a_time(void)
{
    struct event_ring *ring = ep__event_ring_adopt();
    assert_true(ep__event_ring_claim(ring));
    assert_false(ep__event_ring_claim(ring));
    ep__event_ring_leave(ring);
    assert_true(ep__event_ring_claim(ring));
}

static void adopt(void *ring)
{
    *(struct event_ring **)ring = ep__event_ring_adopt();
}

static void a_ring_has_one_owner_and_then_the_next(void)
{
    struct event_ring *first = ep__event_ring_adopt();
    struct event_ring *second;
    struct event_ring *third;
    put_numbered(first, 5, 2);
    on_thread(adopt, &second);
    assert_ptr_not_equal(first, second);
    ep__event_ring_give_back(first);
    on_thread(adopt, &third);
    assert_ptr_equal(first, third);
    take_numbered(first, 5, 2);
    assert_ptr_equal(ep__event_rings(), second);
    assert_ptr_equal(second->next, first);
    assert_null(first->next);
}

static void without_memory_there_is_no_ring(void)
{
    vm_failing_plan(1, 1);
    assert_null(ep__event_ring_adopt());
    assert_null(ep__event_rings());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(events_are_read_in_the_order_in_which_they_were_told),
        alone(a_full_ring_takes_nothing_and_keeps_what_it_has),
        alone(one_reads_at_a_time),
        alone(a_ring_has_one_owner_and_then_the_next),
        alone(without_memory_there_is_no_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
