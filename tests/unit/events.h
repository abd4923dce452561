/* Recordings for tests to look into. */
#ifndef TESTS_UNIT_EVENTS_H
#define TESTS_UNIT_EVENTS_H

#include "unit/alone.h"

#include "sys/event_file.h"

enum { READ_EVENTS_MAX = 20000 };

static struct event read_events[READ_EVENTS_MAX];

/* Takes what the rings hold into read_events, oldest first of each ring; returns how many. */
static inline unsigned take_events(void)
{
    unsigned count = 0;
    for (struct event_ring *ring = ep__event_rings(); ring != NULL; ring = ring->next) {
        const struct event *first;
        uint32_t in_first;
        assert_true(ep__event_ring_claim(ring));
        uint32_t here = ep__event_ring_look(ring, &first, &in_first);
        assert_true(count + here <= READ_EVENTS_MAX);
        memcpy(&read_events[count], first, in_first * sizeof *first);
        memcpy(&read_events[count + in_first], ring->events, (here - in_first) * sizeof *first);
        ep__event_ring_take(ring, here);
        ep__event_ring_leave(ring);
        count += here;
    }
    return count;
}

/* The n-th of the events that were taken that is of a kind, or NULL. */
static inline const struct event *nth_event(unsigned count, enum ep__event_kind kind, unsigned n)
{
    for (unsigned i = 0; i < count; i++)
        if (read_events[i].kind == kind && n-- == 0)
            return &read_events[i];
    return NULL;
}

static inline const struct event *one_event(unsigned count, enum ep__event_kind kind)
{
    const struct event *found = nth_event(count, kind, 0);
    assert_non_null(found);
    assert_null(nth_event(count, kind, 1));
    return found;
}

/* The next chunk of a file; its bytes in `bytes`.  False: the file has ended. */
static inline bool read_chunk(FILE *file, struct event_file_head *head, void *bytes, size_t size)
{
    if (fread(head, sizeof *head, 1, file) != 1)
        return false;
    assert_int_equal(head->magic, EP__EVENT_FILE_MAGIC);
    assert_true(head->bytes <= size);
    assert_int_equal(fread(bytes, 1, head->bytes, file), head->bytes);
    return true;
}

#endif
