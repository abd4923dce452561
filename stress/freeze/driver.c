/* The first mode (driver.h). */
#include "freeze/driver.h"

#include <unistd.h>

#include "freeze/judge.h"
#include "freeze/process.h"

#define BIT(kind) (1U << (kind))

/* One victim on its way. */
struct walk {
    const struct freeze_settings *settings;
    struct outcome *outcome;
    struct process *process;
    unsigned number;  /* of the victim */
    uint64_t counted; /* instructions outside the program, for --every */
    uint64_t first;   /* the instruction at which the first burst is asked for */
    uint64_t left;    /* stops until the walk is broken off */
    uint32_t burst;   /* the outstanding one, or 0 */
    unsigned region;  /* where it is blocked */
};

/* Every fourth victim is alone with arenas, huge blocks and births, and so takes paths on which others would be
 * first. */
static bool is_calm(const struct walk *walk)
{
    return walk->number % 4 == 3;
}

/* Neighbouring instructions begin with different kinds, so that few stops at each find what spans several. */
static uint32_t choose_kinds(const struct walk *walk, uint32_t stops)
{
    static const enum freeze_kind turns[] = {FREEZE_RUNS,  FREEZE_HUGE, FREEZE_RESIZE, FREEZE_BIRTH,
                                             FREEZE_SLOTS, FREEZE_IDLE, FREEZE_FORK,   FREEZE_TRIM};
    uint32_t always = BIT(FREEZE_LOCAL) | BIT(FREEZE_REMOTE) | BIT(FREEZE_REFILL);
    if (walk->outcome->operation->is_forked_by)
        return always | BIT(FREEZE_FORK);
    if (is_calm(walk))
        return BIT(FREEZE_LOCAL) | BIT(FREEZE_REMOTE);
    enum freeze_kind turn =
        turns[(stops + walk->number + walk->settings->seed) % (sizeof turns / sizeof *turns)];
    /* Memory that has gone back takes some paths away from the victim. */
    if (turn == FREEZE_TRIM && walk->number % 2 == 0)
        turn = FREEZE_RUNS;
    return always | BIT(turn);
}

/* Others are blocked while the victim stands at `place`. */
static void extend_region(struct walk *walk, struct freeze_place place)
{
    struct outcome *outcome = walk->outcome;
    freeze_region_extend(outcome, walk->region, place);
    if (!walk->settings->is_brief || freeze_region_count(outcome, true) == 0)
        return;
    char name[256];
    freeze_place_name(outcome->regions[walk->region].first, name, sizeof name);
    freeze_fail("%s: others are blocked from %s", outcome->operation->name, name);
}

static void ask(struct walk *walk, struct freeze_place place, uint32_t stops)
{
    struct freeze_shared *shared = walk->process->shared;
    uint32_t number = freeze_request(shared, choose_kinds(walk, stops));
    if (freeze_await(shared, number))
        return;
    walk->burst = number;
    walk->region = freeze_region_open(walk->outcome, freeze_doing(shared));
    extend_region(walk, place);
}

static bool is_stop(const struct walk *walk, const struct freeze_mark *mark,
                    enum freeze_owner owner)
{
    unsigned repeats = walk->settings->repeats;
    if (owner != FREEZE_ALLOCATOR && repeats > FREEZE_REPEATS_APART)
        repeats = FREEZE_REPEATS_APART;
    return walk->counted > walk->first && mark->repeats < repeats &&
           walk->counted % walk->settings->every == 0;
}

static void look_at_stop(struct walk *walk, struct freeze_place place)
{
    enum freeze_owner owner = place.object == NULL ? FREEZE_OTHER : place.object->owner;
    if (walk->burst != 0) {
        if (!freeze_await_again(walk->process->shared, walk->burst)) {
            extend_region(walk, place);
            return;
        }
        walk->burst = 0;
        freeze_region_close(walk->outcome, walk->region);
    }
    if (owner == FREEZE_PROGRAM)
        return;
    struct freeze_mark *mark = freeze_place_mark(place);
    walk->counted++;
    if (!is_stop(walk, mark, owner))
        return;
    mark->repeats++;
    walk->outcome->stops[owner]++;
    walk->left--;
    ask(walk, place, mark->stops++ + (uint32_t)place.offset / 3);
}

/* The operation is over: nothing of it may hold others up. */
static void end_walk(struct walk *walk)
{
    if (walk->burst == 0)
        return;
    if (!freeze_await(walk->process->shared, walk->burst))
        freeze_fail("%s: others are blocked after the operation", walk->outcome->operation->name);
    freeze_region_close(walk->outcome, walk->region);
    walk->burst = 0;
}

static void walk_victim(struct walk *walk)
{
    uintptr_t last = 0;
    freeze_places_new_victim();
    do {
        uintptr_t address = process_address(walk->process);
        if (address != last)
            look_at_stop(walk, freeze_place_at(address));
        last = address;
        walk->outcome->instructions++;
    } while (walk->left != 0 && process_step(walk->process));
    end_walk(walk);
    process_let_go(walk->process);
}

/* One process with the victims `first` to `last`. */
static void drive_process(const struct freeze_settings *settings, struct outcome *outcome,
                          unsigned first, unsigned last)
{
    struct process process;
    process_start(&process, outcome->operation, first, last, settings->preload);
    for (unsigned number = first; process_seize(&process, number, settings->preload); number++) {
        struct walk walk = {settings, outcome, &process, .number = number, .left = UINT64_MAX};
        walk_victim(&walk);
    }
    process_kill(&process);
}

/* A process in which nobody else does anything before instruction `first`. */
static void drive_from(const struct freeze_settings *settings, struct outcome *outcome,
                       unsigned first)
{
    enum { STOPS = 4 };
    struct process process;
    process_start(&process, outcome->operation, 1, 1, settings->preload);
    if (process_seize(&process, 1, settings->preload)) {
        struct walk walk = {settings,       outcome,      &process, .number = 1 + first,
                            .first = first, .left = STOPS};
        walk_victim(&walk);
    }
    process_kill(&process);
}

void freeze_drive(const struct freeze_settings *settings, const struct freeze_operation *operation,
                  struct outcome *outcome)
{
    *outcome = (struct outcome){.operation = operation};
    freeze_places_new_operation();
    if (operation->is_fresh)
        for (unsigned number = 1; number <= settings->iterations; number++)
            drive_process(settings, outcome, number, number);
    else
        drive_process(settings, outcome, 1, settings->iterations);
    for (unsigned first = 0; first < operation->first_bursts; first += settings->stride)
        drive_from(settings, outcome, first);
    (void)alarm(0);
}
