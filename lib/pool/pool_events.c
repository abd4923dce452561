/* A pool's changes of state.  The argument stands in pool_events.h. */
#include "pool/pool_events.h"

void ep__pool_events_make(const struct pool *pool, struct event event)
{
    event.object = (uintptr_t)pool->base;
    ep__event_tell(&event);
}
