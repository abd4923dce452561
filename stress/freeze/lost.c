/* The second mode (lost.h). */
#include "freeze/lost.h"

#include <stdio.h>
#include <unistd.h>

#include "freeze/judge.h"
#include "freeze/process.h"
#include "random.h"

enum { PLACES_MAX = 16384 };

/* One undisturbed run: at which step each of the allocator's instructions is first met. */
struct trace {
    unsigned count;
    uint64_t steps[PLACES_MAX];
};

/* What is resident after each phase. */
struct rests {
    bool is_blocked;
    bool is_over; /* the operation was, before the step came */
    struct freeze_place place;
    size_t bytes[FREEZE_ROUNDS];
    size_t live_bytes;
};

static struct trace trace;

static void note_place(uint64_t step, uintptr_t address)
{
    struct freeze_place place = freeze_place_at(address);
    if (place.object == NULL || place.object->owner != FREEZE_ALLOCATOR ||
        trace.count == PLACES_MAX)
        return;
    struct freeze_mark *mark = freeze_place_mark(place);
    if (mark->repeats++ != 0)
        return;
    trace.steps[trace.count++] = step;
}

static void take_trace(const struct freeze_settings *settings,
                       const struct freeze_operation *operation)
{
    struct process process;
    trace.count = 0;
    process_start(&process, operation, 1, 1, settings->preload);
    if (process_seize(&process, 1, settings->preload)) {
        uint64_t step = 0;
        freeze_places_new_victim();
        do
            note_place(step++, process_address(&process));
        while (process_step(&process));
    }
    process_kill(&process);
}

unsigned freeze_count_places(const struct freeze_settings *settings,
                             const struct freeze_operation *operation)
{
    take_trace(settings, operation);
    return trace.count;
}

static void live(struct process *process, struct rests *rests)
{
    uint32_t number = freeze_request(process->shared, 1U << FREEZE_LIFE);
    rests->is_blocked = !freeze_await(process->shared, number);
    for (unsigned i = 0; i < FREEZE_ROUNDS; i++) {
        /* order: relaxed -- `done` has carried it */
        rests->bytes[i] = ep__load_relaxed(&process->shared->rest_bytes[i]);
    }
    /* order: relaxed -- see above */
    rests->live_bytes = ep__load_relaxed(&process->shared->live_bytes);
}

/* A process whose victim stands after so many steps. */
static struct rests freeze_at(const struct freeze_settings *settings,
                              const struct freeze_operation *operation, uint64_t steps)
{
    struct process process;
    struct rests rests = {0};
    process_start(&process, operation, 1, 1, settings->preload);
    if (process_seize(&process, 1, settings->preload)) {
        while (steps != 0 && !rests.is_over) {
            rests.is_over = !process_step(&process);
            steps--;
        }
        if (process.is_standing)
            rests.place = freeze_place_at(process_address(&process));
        live(&process, &rests);
    }
    (void)alarm(0);
    process_kill(&process);
    return rests;
}

static size_t above(size_t bytes, size_t floor)
{
    return bytes > floor ? bytes - floor : 0;
}

/* At the end, but for the victim's own blocks. */
static size_t last_of(const struct rests *rests)
{
    return above(rests->bytes[FREEZE_ROUNDS - 1], rests->live_bytes);
}

static void say_sample(const struct freeze_operation *operation, const struct rests *rests,
                       size_t lost, size_t grown)
{
    char name[256];
    freeze_place_name(rests->place, name, sizeof name);
    (void)fprintf(stderr, "stress_freeze: %s left at %s: %s, lost %zu bytes, grows by %zu\n",
                  operation->name, name, rests->is_blocked ? "others are BLOCKED" : "others go on",
                  lost, grown);
}

static void judge_sample(struct losses *losses, const struct freeze_operation *operation,
                         const struct rests *rests, size_t floor)
{
    losses->missed += rests->is_over;
    if (rests->is_over)
        return;
    losses->samples++;
    losses->blocked += rests->is_blocked;
    size_t lost = rests->is_blocked ? 0 : above(last_of(rests), floor);
    size_t grown = rests->is_blocked ? 0 : above(rests->bytes[FREEZE_ROUNDS - 1], rests->bytes[2]);
    bool is_above = lost > FREEZE_LOST_BYTES_MAX || grown > FREEZE_GROWTH_BYTES_MAX;
    losses->above += is_above;
    if (is_above || rests->is_blocked)
        say_sample(operation, rests, lost, grown);
    if (grown > losses->most_growth_bytes)
        losses->most_growth_bytes = grown;
    if (lost <= losses->most_bytes)
        return;
    losses->most_bytes = lost;
    losses->most_operation = operation;
    losses->most_place = rests->place;
}

/* Some of the traced steps, each at most once. */
static void draw(struct stress_random *random, unsigned count)
{
    for (unsigned i = 0; i < count && i < trace.count; i++) {
        size_t other = i + stress_random_below(random, trace.count - i);
        uint64_t step = trace.steps[i];
        trace.steps[i] = trace.steps[other];
        trace.steps[other] = step;
    }
}

void freeze_lose(const struct freeze_settings *settings, const struct freeze_operation *operation,
                 unsigned count, struct losses *losses)
{
    take_trace(settings, operation);
    struct stress_random random = stress_random_at(settings->seed, trace.count, count);
    draw(&random, count);
    struct rests before = freeze_at(settings, operation, 0);
    size_t floor = last_of(&before);
    if (before.is_blocked || floor == 0)
        freeze_fail("%s: others cannot live beside a thread that has not begun", operation->name);
    for (unsigned i = 0; i < count && i < trace.count; i++) {
        struct rests rests = freeze_at(settings, operation, trace.steps[i]);
        judge_sample(losses, operation, &rests, floor);
    }
}
