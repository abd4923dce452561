/* Upkeep.  The argument stands in upkeep.h. */
#include "cache/upkeep.h"

#include <string.h>

#include "arena/retire.h"
#include "cache/fork.h"
#include "cache/quota.h"
#include "sys/cgroup.h"
#include "sys/options.h"

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

enum { SPARE_PART = 8, PRESSURE_SOME_CENT = 100, PRESSURE_HIGH_CENT = 1000 };

/* What may be retained in a control group. */
static size_t allowed_in(const struct cgroup_memory *memory, size_t retained)
{
    uint64_t allowed = SIZE_MAX;
    if (memory->pressure_cent >= PRESSURE_HIGH_CENT)
        return 0;
    if (memory->room_bytes != UINT64_MAX) {
        uint64_t spare = memory->room_bytes + retained;
        uint64_t kept = memory->limit_bytes / SPARE_PART;
        allowed = spare > kept ? spare - kept : 0;
    }
    if (memory->pressure_cent >= PRESSURE_SOME_CENT && allowed > retained / 2)
        allowed = retained / 2;
    return allowed;
}

/* Lowers or raises the bound as the control group wants it. */
static void heed_limits(struct upkeep *upkeep)
{
    char own[EP__CGROUP_NAME_BYTES];
    struct cgroup_memory memory;
    const char *folder = ep__option_text(EP__TEXT_CGROUP);
    if (folder == NULL)
        return;
    if (strcmp(folder, "own") == 0)
        folder = ep__cgroup_find_own(own, sizeof own) ? own : "";
    size_t allowed = SIZE_MAX;
    if (ep__cgroup_read(folder, &memory))
        allowed = allowed_in(&memory, ep__retire_retained_bytes());
    upkeep->is_pressed = allowed == 0;
    ep__retire_allow(allowed);
}

/* Un-carves quiet pools of some arenas more. */
static void tour(struct upkeep *upkeep)
{
    size_t bytes = 0;
    enum ep__uncarve_choice choice = upkeep->is_pressed ? EP__UNCARVE_CHANGED : EP__UNCARVE_QUIET;
    if (!upkeep->is_touring)
        return;
    upkeep->is_touring = ep__uncarve_some(&upkeep->place, choice, EP__UPKEEP_ARENAS, &bytes);
    if (!upkeep->is_touring)
        upkeep->place = (struct uncarve_place){0, 0};
}

uint32_t ep__upkeep_round(struct upkeep *upkeep)
{
    ep__fork_look(ep__tls.cache);
    ep__quota_note_upkeep();
    if (upkeep->rounds == 0)
        heed_limits(upkeep);
    ep__retire_purge_excess();
    note_retained(upkeep, ep__retire_retained_bytes());
    purge_idle(upkeep, ep__retire_retained_bytes());
    tour(upkeep);
    return upkeep->idle_bytes != 0 || upkeep->is_touring ? 1 : EP__UPKEEP_ROUND_MS;
}
