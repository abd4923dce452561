/* Event rings: one tells, others read, a ring gets another owner.
 *
 * The ring has two places.  Event n carries its number, and the owner counts those that found no room.
 */
#include "names.h"
#include "scenarios.h"
#include "sys/event_ring.h"

enum { PLACES = 2, CHECK = 0x5a5a };

static struct event_ring *ring;
/* The owner's, one after the other. */
static uint64_t told;
/* The readers', one after the other: the events that are read have rising numbers. */
static uint64_t read_count;
static uint64_t next_number;

static void make_ring(void)
{
    ring = ep__event_ring_adopt();
    ring->capacity = PLACES;
    name_object(&ring->written, 8, SHAPE_NUMBER, "written");
    name_object(&ring->taken, 8, SHAPE_NUMBER, "taken");
    name_object(&ring->is_read, 4, SHAPE_NUMBER, "is_read");
    name_object(&ring->is_owned, 4, SHAPE_NUMBER, "is_owned");
    name_object(ring->events, PLACES * sizeof(struct event), SHAPE_NUMBER, "events");
}

static void begin(void)
{
    told = read_count = next_number = 0;
}

static void tell(unsigned count)
{
    model_doing("tell");
    for (; count > 0; count--) {
        struct event event = {.number = told, .after = told ^ CHECK};
        told++;
        if (!ep__event_ring_put(ring, &event))
            ep__event_ring_drop(ring);
    }
}

static void read_event(const struct event *event)
{
    model_assert(event->after == (event->number ^ CHECK));
    model_assert(event->number >= next_number);
    next_number = event->number + 1;
    read_count++;
}

static void drain(void)
{
    const struct event *first;
    uint32_t in_first;
    model_doing("drain");
    if (!ep__event_ring_claim(ring))
        return;
    uint32_t count = ep__event_ring_look(ring, &first, &in_first);
    for (uint32_t i = 0; i < count; i++)
        read_event(i < in_first ? &first[i] : &ring->events[i - in_first]);
    ep__event_ring_take(ring, count);
    ep__event_ring_leave(ring);
}

static void tell_three(void)
{
    tell(3);
}

static void tell_and_give_back(void)
{
    tell(2);
    model_doing("give back");
    ep__event_ring_give_back(ring);
}

static void adopt_and_tell(void)
{
    model_doing("adopt");
    if (ep__load_relaxed(&ring->is_owned) != 0)
        return;
    model_assert(ep__event_ring_adopt() == ring);
    tell(2);
}

static void drain_twice(void)
{
    drain();
    drain();
}

static void always(void)
{
    model_assert(ep__event_ring_check(ring));
}

static void all_at_rest(void)
{
    drain();
    model_assert(read_count + ep__load_relaxed(&ring->dropped) == told);
}

#define RING .begin = begin, .always = always, .at_rest = all_at_rest

const struct scenario scenarios_events[] = {
    {"events-drain", "one tells more than fits while another drains", make_ring,
     .threads = {tell_three, drain_twice}, RING},
    {"events-drainers", "one tells while two drain", make_ring,
     .threads = {tell_three, drain, drain}, RING},
    {"events-owners", "a ring gets another owner while a third thread drains", make_ring,
     .threads = {tell_and_give_back, adopt_and_tell, drain}, RING},
    {.name = NULL},
};
