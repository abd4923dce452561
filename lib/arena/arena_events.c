/* An arena's changes.  The argument stands in arena_events.h. */
#include "arena/arena_events.h"

static struct event make_event(struct arena *arena, enum ep__event_kind kind, uint64_t since,
                               uint64_t number)
{
    uint64_t span = number - since;
    return (struct event){.object = (uintptr_t)ep__arena_base(arena),
                          .number = number,
                          .span = span < EP__SPAN_UNKNOWN ? (uint16_t)span : EP__SPAN_UNKNOWN,
                          .kind = (uint8_t)kind};
}

static uint64_t take_number(struct arena *arena)
{
    /* order: acq_rel ENU -- pairs with ep__arena_events_since; the change was made before it */
    return ep__fetch_add_acq_rel(&arena->events, 1);
}

void ep__arena_events_number(struct arena *arena, enum ep__event_kind kind, uint64_t since,
                             struct change change)
{
    uint64_t number = ep__event_is_recorded(kind) ? take_number(arena) : since;
    struct event event = make_event(arena, kind, since, number);
    event.before = change.before;
    event.after = change.after;
    ep__event_tell(&event);
}

struct event ep__arena_events_see(struct arena *arena, enum ep__event_kind kind, uint64_t since,
                                  uint64_t value)
{
    struct event event = make_event(arena, kind, since, take_number(arena));
    event.before = event.after = value;
    return event;
}
