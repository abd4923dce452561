/* A pool's changes of state, told with the generation of its word.
 *
 * Layer: pool.  Uses: sys/event.  Used by: pool, carve, run.
 *
 * The generation counts the changes of state, so it is the event's number: g-1 -> g is told as g, whoever made it.
 * What happens within a generation (a pool is carved, a run resized) is the owner's, and told in its order.
 */
#ifndef EPMALLOC_POOL_POOL_EVENTS_H
#define EPMALLOC_POOL_POOL_EVENTS_H

#include "arena/arena_events.h"
#include "pool/pool.h"

EP__COLD void ep__pool_events_make(const struct pool *pool, struct event event);

/* Tells a change from one word to another.  The pool may be another's already: only its constants are read. */
static inline void ep__pool_events_tell(const struct pool *pool, enum ep__event_kind kind,
                                        unsigned class, struct change words)
{
    if (ep__event_is_wanted(kind))
        ep__pool_events_make(pool, (struct event){.kind = (uint8_t)kind,
                                                  .class = (uint8_t) class,
                                                  .span = ep__size_classes[class].slots,
                                                  .before = words.before,
                                                  .after = words.after,
                                                  .number = ep__word_generation(words.after)});
}

/* The same of a run of so many slots. */
static inline void ep__pool_events_tell_run(const struct pool *pool, enum ep__event_kind kind,
                                            unsigned slots, struct change words)
{
    if (ep__event_is_wanted(kind))
        ep__pool_events_make(pool, (struct event){.kind = (uint8_t)kind,
                                                  .class = EP__CLASS_NONE,
                                                  .span = (uint16_t)slots,
                                                  .before = words.before,
                                                  .after = words.after,
                                                  .number = ep__word_generation(words.after)});
}

/* Tells that the caller has changed how many blocks its pool is carved into, or how many slots its run has. */
static inline void ep__pool_events_tell_size(struct pool *pool, enum ep__event_kind kind,
                                             uint32_t before, uint32_t after)
{
    if (ep__event_is_wanted(kind))
        ep__pool_events_make(pool,
                             (struct event){.kind = (uint8_t)kind,
                                            .class = pool->class,
                                            .before = before,
                                            .after = after,
                                            .number = ep__word_generation(ep__pool_word(pool))});
}

#endif
