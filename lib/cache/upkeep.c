/* Upkeep.  The argument stands in upkeep.h. */
#include "cache/upkeep.h"

#include "arena/retire.h"
#include "cache/fork.h"
#include "cache/quota.h"

/* Notes what is retained, and at the end of a period what has been all the time. */
static void note_retained(struct upkeep *upkeep, size_t retained)
{
    if (upkeep->rounds == 0 || retained < upkeep->least_bytes)
        upkeep->least_bytes = retained;
    if (++upkeep->rounds < EP__UPKEEP_ROUNDS)
        return;
    upkeep->idle_bytes = upkeep->least_bytes;
    upkeep->rounds = 0;
    upkeep->is_touring = true;
}

/* Gives back some of what has been idle; what the program has used since is idle no more. */
static void purge_idle(struct upkeep *upkeep, size_t retained)
{
    if (upkeep->idle_bytes > retained)
        upkeep->idle_bytes = retained;
    if (upkeep->idle_bytes == 0)
        return;
    size_t gone = ep__retire_purge_some(retained - upkeep->idle_bytes);
    upkeep->idle_bytes = gone != 0 && gone < upkeep->idle_bytes ? upkeep->idle_bytes - gone : 0;
}

/* Un-carves quiet pools of some arenas more. */
static void tour(struct upkeep *upkeep)
{
    size_t bytes = 0;
    if (!upkeep->is_touring)
        return;
    upkeep->is_touring =
        ep__uncarve_some(&upkeep->place, EP__UNCARVE_QUIET, EP__UPKEEP_ARENAS, &bytes);
    if (!upkeep->is_touring)
        upkeep->place = (struct uncarve_place){0, 0};
}

uint32_t ep__upkeep_round(struct upkeep *upkeep)
{
    ep__fork_look(ep__tls.cache);
    ep__quota_note_upkeep();
    ep__retire_purge_excess();
    note_retained(upkeep, ep__retire_retained_bytes());
    purge_idle(upkeep, ep__retire_retained_bytes());
    tour(upkeep);
    return upkeep->idle_bytes != 0 || upkeep->is_touring ? 1 : EP__UPKEEP_ROUND_MS;
}
