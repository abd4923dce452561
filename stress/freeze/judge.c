/* Verdicts (judge.h). */
#include "freeze/judge.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    SPINS = 300,           /* looks before the processor is given away */
    PATIENCE_MS = 150,     /* nothing completed for so long ... */
    LOOKS_MS = 5,          /* ... looked at so often ... */
    SLEEPS_MIN = 25,       /* ... and asleep at so many looks ... */
    SPUN_MS = 120,         /* ... or so much processor time spent */
    UNDECIDED_MS = 600000, /* neither shows: the machine gives no processor time */
};

struct evidence {
    uint32_t steps;
    int watched;
    double since_ms;
    unsigned long ticks; /* processor time spent at the beginning */
    unsigned sleeps;
};

/* The last verdict was by sleep: who is awake then was woken, and only waits for a processor. */
static bool was_asleep;

static double now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static bool is_done(struct freeze_shared *shared, uint32_t number)
{
    /* order: acquire -- pairs with burster; carries what the burst has left in the page */
    return ep__load_acquire(&shared->done) == number;
}

uint32_t freeze_request(struct freeze_shared *shared, uint32_t kinds)
{
    /* order: relaxed -- own value */
    uint32_t number = ep__load_relaxed(&shared->wanted) + 1;
    /* order: relaxed -- carried by `wanted` */
    ep__store_relaxed(&shared->kinds, kinds);
    /* order: release -- pairs with burster; carries the kinds */
    ep__store_release(&shared->wanted, number);
    return number;
}

/* State and processor time of a thread, or of a process's first; 0 when it is gone. */
static char look_at(int tid, unsigned long *ticks)
{
    char text[512] = {0};
    (void)snprintf(text, sizeof text, "/proc/%d/task/%d/stat", tid, tid);
    int file = open(text, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t length = read(file, text, sizeof text - 1);
    (void)close(file);
    text[length < 0 ? 0 : length] = '\0';
    const char *end = strrchr(text, ')');
    char state = 0;
    unsigned long user = 0, system = 0;
    if (end == NULL || sscanf(end + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                              &state, &user, &system) != 3)
        return 0;
    *ticks = user + system;
    return state;
}

static void begin_evidence(struct freeze_shared *shared, struct evidence *evidence)
{
    /* order: relaxed -- a stale number restarts the evidence */
    evidence->steps = ep__load_relaxed(&shared->steps);
    /* order: relaxed -- see above */
    evidence->watched = ep__load_relaxed(&shared->watched);
    evidence->since_ms = now_ms();
    evidence->sleeps = 0;
    (void)look_at(evidence->watched, &evidence->ticks);
}

static bool is_stale(struct freeze_shared *shared, const struct evidence *evidence)
{
    /* order: relaxed -- see begin_evidence */
    return ep__load_relaxed(&shared->steps) != evidence->steps ||
           ep__load_relaxed(&shared->watched) != evidence->watched;
}

/* One look; true: the evidence suffices. */
static bool convicts(struct evidence *evidence)
{
    unsigned long ticks = evidence->ticks;
    char state = look_at(evidence->watched, &ticks);
    evidence->sleeps += state == 'S';
    unsigned long spun_ms = (ticks - evidence->ticks) * 1000 / (unsigned long)sysconf(_SC_CLK_TCK);
    double waited_ms = now_ms() - evidence->since_ms;
    if (waited_ms > UNDECIDED_MS)
        freeze_fail("a burst neither ends nor is it blocked: thread %d, state %c, has spent %lu ms",
                    evidence->watched, state == 0 ? '?' : state, spun_ms);
    was_asleep = evidence->sleeps >= SLEEPS_MIN;
    return waited_ms >= PATIENCE_MS && (was_asleep || spun_ms >= SPUN_MS);
}

static void require_process(struct freeze_shared *shared)
{
    unsigned long ticks;
    /* order: relaxed -- written before the first victim */
    char state = look_at(ep__load_relaxed(&shared->process), &ticks);
    if (state == 0 || state == 'Z' || state == 'X')
        freeze_fail("the process under test has died beside its victim");
}

static bool await_long(struct freeze_shared *shared, uint32_t number)
{
    const struct timespec pause = {0, LOOKS_MS * 1000L * 1000};
    struct evidence evidence;
    begin_evidence(shared, &evidence);
    while (!is_done(shared, number)) {
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
        require_process(shared);
        if (is_stale(shared, &evidence))
            begin_evidence(shared, &evidence);
        else if (convicts(&evidence) && !is_stale(shared, &evidence))
            return is_done(shared, number);
    }
    return true;
}

bool freeze_await(struct freeze_shared *shared, uint32_t number)
{
    for (unsigned i = 0; i < SPINS; i++)
        if (is_done(shared, number))
            return true;
    double until_ms = now_ms() + 3;
    while (now_ms() < until_ms) {
        if (is_done(shared, number))
            return true;
        (void)sched_yield();
    }
    return await_long(shared, number);
}

bool freeze_await_again(struct freeze_shared *shared, uint32_t number)
{
    const struct timespec pause = {0, 200L * 1000};
    for (unsigned i = 0; i < 2000; i++)
        if (is_done(shared, number))
            return true;
    unsigned long ticks;
    unsigned naps = was_asleep ? 500 : 5;
    for (unsigned i = 0; i < naps && !is_done(shared, number); i++) {
        /* order: relaxed -- see begin_evidence */
        if (look_at(ep__load_relaxed(&shared->watched), &ticks) == 'S')
            break;
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    }
    return is_done(shared, number);
}

const char *freeze_kind_name(enum freeze_kind kind)
{
    static const char *const names[FREEZE_KINDS] = {"local", "remote", "refill", "runs",
                                                    "huge",  "resize", "slots",  "idle",
                                                    "birth", "trim",   "fork",   "life"};
    return kind < FREEZE_KINDS ? names[kind] : "nothing";
}

enum freeze_kind freeze_doing(struct freeze_shared *shared)
{
    /* order: relaxed -- only printed */
    return (enum freeze_kind)ep__load_relaxed(&shared->doing);
}
