/* Event rings: what one thread has told and nobody has read yet.
 *
 * Layer: sys.  Uses: atomic, vm, event.  Used by: event, event_file.
 *
 *     written ------------------v            events written ever; the owner's
 *     [ ][ ][ ][e][e][e][e][e][ ][ ][ ]      event i lies at i modulo capacity
 *     taken ----^                            events read ever; the reader's
 *
 * Algorithm.  A bounded queue of one writer and one reader.  The owner writes the event, then counts `written` up;
 * where written - taken is the capacity there is no room, and the event is counted as dropped.  A reader first claims
 * the ring by an exchange, so there is one at a time; who comes second goes away.  It reads what lies between
 * taken and written, and then counts `taken` up.
 *
 * Rings are mapped when first wanted and never unmapped: they are in a list that only grows at its front, so
 * readers go through it without a section.  A ring belongs to one thread at a time; a new thread adopts one that
 * was given back, with what is still in it (events bear their thread's number), or maps one.
 *
 * Who may overlap: the owner with one reader; adoptions with each other.
 * Invariants (ep__event_ring_check)
 *   1. taken <= written <= taken + capacity.
 * Edges: EVW (an event, from its writer to the reader), EVT (its place, from the reader to the writer), EVC (a ring's
 * reading, from one reader to the next), EVO (a ring, from who gives it back to who adopts it), EVL (a new ring).
 * ABA: the list is pushed to only.
 * Progress: put and take wait-free, adoption lock-free.  An owner stopped in put has told nothing; a reader that is
 * stopped keeps others from reading this one ring, which then fills, and drops.
 */
#ifndef EPMALLOC_SYS_EVENT_RING_H
#define EPMALLOC_SYS_EVENT_RING_H

#include <stdalign.h>

#include "sys/event.h"

enum { EP__EVENT_RING_EVENTS = 4096 };

struct event_ring {
    /* The owner; read by readers. */
    alignas(EP__CACHE_LINE_BYTES) _Atomic(uint64_t) written;
    _Atomic(uint64_t) dropped;
    /* The reader; read by the owner. */
    alignas(EP__CACHE_LINE_BYTES) _Atomic(uint64_t) taken;
    /* Any thread. */
    _Atomic(uint32_t) is_read;
    _Atomic(uint32_t) is_owned;
    /* Set before others see the ring. */
    uint32_t number;
    uint32_t thread;   /* the owner's, the kernel's number; its owner only */
    uint32_t capacity; /* a power of two */
    struct event_ring *next;
    struct event events[];
};

/* A ring for the calling thread alone, or NULL: no memory. */
struct event_ring *ep__event_ring_adopt(void);

/* Lets others have the ring. */
void ep__event_ring_give_back(struct event_ring *ring);

/* The owner puts an event in; false: there is no room, nothing has happened. */
bool ep__event_ring_put(struct event_ring *ring, const struct event *event);

/* Counts an event that found no room. */
void ep__event_ring_drop(struct event_ring *ring);

/* Begins to read; false where another thread does. */
bool ep__event_ring_claim(struct event_ring *ring);

/* What there is to read: the events, of which some follow at the ring's start.  Returns how many. */
uint32_t ep__event_ring_look(struct event_ring *ring, const struct event **first,
                             uint32_t *in_first);

/* Lets the writer have the places of so many events. */
void ep__event_ring_take(struct event_ring *ring, uint32_t count);

/* Ends reading. */
void ep__event_ring_leave(struct event_ring *ring);

/* The newest ring, from which `next` leads to all. */
struct event_ring *ep__event_rings(void);

/* True while invariant 1 holds, for who is owner and reader at once. */
bool ep__event_ring_check(struct event_ring *ring);

#endif
