/* An arena's changes, told with numbers that order them.
 *
 * Layer: arena.  Uses: sys/event.  Used by: arena, usable_arenas, retire.
 *
 * Several threads change one arena's words at once, and no word has room for a count of its changes.  So each
 * event has two numbers of the arena's: `since`, how many events had been numbered before the change was begun, and its
 * own, taken after the change.  What was numbered below another's `since` comes before it: the numbering
 * (release) is seen by the reading of `since` (acquire), so the one change happens before the other.  What overlaps is
 * ordered by what each change found in the word.  Numbers have no gaps, so a reader knows which events it lacks.
 *
 * Edges: ENU (the changes numbered so far).
 * Progress: wait-free.
 */
#ifndef EPMALLOC_ARENA_ARENA_EVENTS_H
#define EPMALLOC_ARENA_ARENA_EVENTS_H

#include "arena/arena.h"
#include "sys/event.h"

/* What a word of the arena was and has become. */
struct change {
    uint64_t before;
    uint64_t after;
};

/* The `since` of a change that is about to be made. */
static inline uint64_t ep__arena_events_since(struct arena *arena)
{
    /* order: acquire ENU -- pairs with take_number; the change is made after it */
    return ep__load_acquire(&arena->events);
}

/* The `span` of an event: how far `since` lies below its number, where that is known. */
enum { EP__SPAN_UNKNOWN = UINT16_MAX };

EP__COLD void ep__arena_events_number(struct arena *arena, enum ep__event_kind kind, uint64_t since,
                                      struct change change);

/* What the arena's word is that was read since then, as an event. */
struct event ep__arena_events_see(struct arena *arena, enum ep__event_kind kind, uint64_t since,
                                  uint64_t value);

/* Tells a change that has been made. */
static inline void ep__arena_events_tell(struct arena *arena, enum ep__event_kind kind,
                                         uint64_t since, struct change change)
{
    if (ep__event_is_wanted(kind))
        ep__arena_events_number(arena, kind, since, change);
}

#endif
