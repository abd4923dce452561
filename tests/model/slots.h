/* What the threads of scenarios do with slots of arenas, with the books kept. */
#ifndef TESTS_MODEL_SLOTS_H
#define TESTS_MODEL_SLOTS_H

#include "arena/retire.h"
#include "ops.h"
#include "sys/options.h"

static inline void release_slots(struct arena *arena, unsigned first, unsigned count)
{
    model_doing("release slots");
    world_giving_slots(arena, first, count);
    ep__arena_release(arena, first, count);
}

static inline bool acquire_slots(unsigned count, struct slots *got)
{
    model_doing("acquire slots");
    if (!ep__arena_acquire(count, count, got))
        return false;
    world_got_slots(got->arena, got->first, got->count);
    return true;
}

static inline bool create_slots(unsigned count, struct slots *got)
{
    model_doing("create an arena");
    if (!ep__arena_create(count, 1, got))
        return false;
    world_got_slots(got->arena, got->first, got->count);
    return true;
}

/* Free memory is given back to the system as soon as may be. */
static inline void keep_nothing(void)
{
    (void)ep__option_set(EP__OPTION_RETAIN, 0);
    (void)ep__option_set(EP__OPTION_RETAIN_PERCENT, 0);
}

static inline void keep_everything(void)
{
    (void)ep__option_set(EP__OPTION_RETAIN, PTRDIFF_MAX);
}

#endif
