/* Event rings.  The argument stands in event_ring.h. */
#include "sys/event_ring.h"

#include "sys/own_ranges.h"
#include "sys/vm.h"

static _Atomic(struct event_ring *) newest;
static _Atomic(uint32_t) rings;

struct event_ring *ep__event_rings(void)
{
    /* order: acquire EVL -- pairs with make_ring; carries what is set before others see a ring */
    return ep__load_acquire(&newest);
}

static struct event_ring *make_ring(void)
{
    size_t bytes = sizeof(struct event_ring) + EP__EVENT_RING_EVENTS * sizeof(struct event);
    struct event_ring *ring = ep__vm_map(ep__round_up(bytes, ep__vm_page_bytes()));
    if (ring == NULL)
        return NULL;
    ep__own_range_note(ring, bytes);
    ring->capacity = EP__EVENT_RING_EVENTS;
    /* order: relaxed -- a number */
    ring->number = ep__fetch_add_relaxed(&rings, 1);
    /* order: relaxed -- nobody else knows the ring */
    ep__store_relaxed(&ring->is_owned, 1);
    struct event_ring *next = ep__event_rings();
    do {
        ring->next = next;
        /* order: acq_rel EVL -- pairs with ep__event_rings.  ABA: nothing leaves the list */
    } while (!ep__cas_weak_acq_rel(&newest, &next, ring));
    return ring;
}

struct event_ring *ep__event_ring_adopt(void)
{
    for (struct event_ring *ring = ep__event_rings(); ring != NULL; ring = ring->next) {
        /* order: relaxed -- only saves an exchange */
        if (ep__load_relaxed(&ring->is_owned) != 0)
            continue;
        /* order: acquire EVO -- pairs with ep__event_ring_give_back; carries the last owner's count of events */
        if (ep__exchange_acquire(&ring->is_owned, 1) == 0)
            return ring;
    }
    return make_ring();
}

void ep__event_ring_give_back(struct event_ring *ring)
{
    /* order: release EVO -- pairs with ep__event_ring_adopt */
    ep__store_release(&ring->is_owned, 0);
}

bool ep__event_ring_put(struct event_ring *ring, const struct event *event)
{
    /* order: relaxed -- the owner's own number; EVO orders one owner after the other */
    uint64_t written = ep__load_relaxed(&ring->written);
    /* order: acquire EVT -- pairs with ep__event_ring_take; what lay in the place has been read */
    if (written - ep__load_acquire(&ring->taken) >= ring->capacity)
        return false;
    ring->events[written & (ring->capacity - 1)] = *event;
    /* order: release EVW -- pairs with ep__event_ring_look; carries the event */
    ep__store_release(&ring->written, written + 1);
    return true;
}

void ep__event_ring_drop(struct event_ring *ring)
{
    /* order: relaxed -- a number that people are told */
    (void)ep__add_own_relaxed(&ring->dropped, 1);
}

bool ep__event_ring_claim(struct event_ring *ring)
{
    /* order: acquire EVC -- pairs with ep__event_ring_leave; carries how far the last reader has read */
    return ep__exchange_acquire(&ring->is_read, 1) == 0;
}

uint32_t ep__event_ring_look(struct event_ring *ring, const struct event **first,
                             uint32_t *in_first)
{
    /* order: relaxed -- the reader's own number; EVC orders one reader after the other */
    uint64_t taken = ep__load_relaxed(&ring->taken);
    /* order: acquire EVW -- pairs with ep__event_ring_put; carries the events */
    uint32_t count = (uint32_t)(ep__load_acquire(&ring->written) - taken);
    uint32_t place = (uint32_t)taken & (ring->capacity - 1);
    *first = &ring->events[place];
    *in_first = count < ring->capacity - place ? count : ring->capacity - place;
    return count;
}

void ep__event_ring_take(struct event_ring *ring, uint32_t count)
{
    /* order: relaxed -- the reader's own number */
    uint64_t taken = ep__load_relaxed(&ring->taken);
    /* order: release EVT -- pairs with ep__event_ring_put; the reader is done with these places */
    ep__store_release(&ring->taken, taken + count);
}

void ep__event_ring_leave(struct event_ring *ring)
{
    /* order: release EVC -- pairs with ep__event_ring_claim */
    ep__store_release(&ring->is_read, 0);
}

bool ep__event_ring_check(struct event_ring *ring)
{
    /* order: relaxed -- the caller's own numbers */
    uint64_t held = ep__load_relaxed(&ring->written) - ep__load_relaxed(&ring->taken);
    return held <= ring->capacity;
}
