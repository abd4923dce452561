/* The explorer.  The argument stands in explore.h.
 *
 * Length: the search and the execution share the stack of decisions; in two files they would share it by a header.
 */
#include "explore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buffers.h"
#include "fiber.h"
#include "overlap.h"
#include "search.h"

enum {
    DECISIONS_MAX = 20000,
    ACCESSES_MAX = 100000, /* of one execution: far more than any that ends */
    OWN = THREADS_MAX,     /* the explorer's own context */
    NOBODY = 255,          /* an alternative: there is nothing left to do */
    BUFFERED = 16,         /* + thread * BUFFER_MAX + i: the i-th waiting store of the thread */
    BOUNDS_MAX = 2         /* preemptions of bounded searches */
};

enum ending { ENDED, SEEN_BEFORE, FAILED, RESTARTED };

struct decision {
    uint64_t state;
    uint8_t count;
    uint8_t taken;
    uint8_t alternatives[THREADS_MAX * (BUFFER_MAX + 1)];
};

struct thread {
    uint64_t own; /* a hash of its stack and registers */
    bool has_begun;
    bool is_done;
    const char *doing;
};

static struct {
    const struct scenario *scenario;
    struct limits limits;
    unsigned threads;
    unsigned bound;  /* preemptions; UINT32_MAX: any number */
    bool has_clocks; /* in states */
    bool is_truncated;
    bool is_restarting;
    bool is_tracing;
    bool has_seen;
    uint64_t executions;
    unsigned depth_max;
    char failure[1024];
} search;

/* One execution. */
static struct {
    struct thread threads[THREADS_MAX];
    unsigned depth; /* decisions so far */
    unsigned preemptions;
    unsigned accesses;
    unsigned running; /* context */
    bool is_checking; /* a check looks at what threads have done */
    bool is_noting;
    enum ending ending;
} now = {.running = OWN};

static struct decision decisions[DECISIONS_MAX];
static unsigned decided; /* decisions to be repeated */
static jmp_buf own_failure;

void (*model_on_switch)(unsigned from, unsigned to);
uint64_t (*model_own_state)(void);

unsigned model_thread(void)
{
    return now.is_checking ? OWN : now.running;
}

bool model_is_noting(void)
{
    return now.is_noting && (now.running == OWN || !now.is_checking);
}

void model_see(void)
{
    search.has_seen = true;
}

bool model_has_seen(void)
{
    return search.has_seen;
}

void model_doing(const char *what)
{
    if (now.running == OWN)
        return;
    now.threads[now.running].doing = what;
    if (search.is_tracing)
        trace_doing(what);
}

const char *search_doing(unsigned thread)
{
    const char *doing = thread < THREADS_MAX ? now.threads[thread].doing : NULL;
    return doing == NULL ? "" : doing;
}

bool search_is_delayed(void)
{
    return search.limits.is_delayed;
}

bool search_is_tracing(void)
{
    return search.is_tracing;
}

void search_restart(void)
{
    search.is_restarting = true;
}

static void go_to(unsigned to)
{
    unsigned from = now.running;
    now.running = to;
    if (model_on_switch != NULL)
        model_on_switch(from, to);
    fiber_switch(from, to);
}

/* The execution is over. */
static void leave(enum ending ending)
{
    now.ending = ending;
    go_to(OWN);
    abort();
}

void model_break(const char *what)
{
    fprintf(stderr, "model: %s\n", what);
    _exit(3);
}

void model_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(search.failure, sizeof search.failure, format, arguments);
    va_end(arguments);
    /* In a set-up. */
    if (!now.is_noting)
        model_break(search.failure);
    now.is_checking = false;
    if (now.running != OWN)
        leave(FAILED);
    longjmp(own_failure, 1);
}

static bool is_enabled(unsigned thread)
{
    return thread < search.threads && !now.threads[thread].is_done;
}

static uint64_t state_of_all(void)
{
    uint64_t state = hash_mix(memory_hash(search.has_clocks), buffers_hash());
    for (unsigned i = 0; i < search.threads; i++) {
        const struct clock *clock = memory_clock(i);
        state = hash_mix(state, now.threads[i].own);
        for (unsigned j = 0; j < search.threads && search.has_clocks; j++)
            state = hash_mix(state, clock->of[j]);
    }
    if (search.scenario->state != NULL)
        state = hash_mix(state, search.scenario->state());
    if (search.bound != UINT32_MAX)
        state = hash_mix(state, now.running + 16U * now.preemptions);
    return state;
}

static bool is_preemption(unsigned alternative)
{
    return now.depth != 0 && alternative < BUFFERED && alternative != now.running &&
           is_enabled(now.running);
}

static void add_alternative(struct decision *decision, unsigned alternative)
{
    if (is_preemption(alternative) && now.preemptions >= search.bound)
        search.is_truncated = true;
    else
        decision->alternatives[decision->count++] = (uint8_t)alternative;
}

/* The running thread first, so that the first execution of a search has no preemption. */
static void collect(struct decision *decision)
{
    decision->count = decision->taken = 0;
    if (is_enabled(now.running))
        add_alternative(decision, now.running);
    for (unsigned i = 0; i < search.threads; i++)
        if (i != now.running && is_enabled(i))
            add_alternative(decision, i);
    for (unsigned i = 0; i < search.threads; i++)
        for (unsigned j = 0; j < buffers_count(i); j++)
            if (buffers_may_leave(i, j))
                add_alternative(decision, BUFFERED + i * BUFFER_MAX + j);
    if (decision->count == 0)
        decision->alternatives[decision->count++] = NOBODY;
}

static void check_always(void)
{
    if (search.scenario->always == NULL)
        return;
    now.is_checking = true;
    search.scenario->always();
    now.is_checking = false;
}

/* A state that the running thread alone has come back to: it would go round without end. */
static void check_progress(uint64_t state)
{
    for (unsigned i = now.depth; i > 0; i--) {
        const struct decision *decision = &decisions[i - 1];
        if (decision->alternatives[decision->taken] != now.running)
            return;
        if (decision->state == state)
            model_fail("T%u waits for another thread", now.running + 1);
    }
}

/* Who goes on, or which store comes into memory.  At first each thread runs to its first point, which nobody
 * notices. */
static unsigned choose(void)
{
    for (unsigned i = 0; i < search.threads; i++) {
        if (now.threads[i].has_begun)
            continue;
        now.threads[i].has_begun = true;
        return i;
    }
    if (search.is_restarting)
        leave(RESTARTED);
    if (now.depth == DECISIONS_MAX)
        model_break("too many decisions");
    struct decision *decision = &decisions[now.depth];
    if (now.depth == decided) {
        decision->state = state_of_all();
        if (!search.is_tracing && !states_add(decision->state)) {
            check_progress(decision->state);
            leave(SEEN_BEFORE);
        }
        check_always();
        collect(decision);
        decided++;
    }
    unsigned alternative = decision->alternatives[decision->taken];
    now.preemptions += is_preemption(alternative);
    now.depth++;
    return alternative;
}

static void pass_on(void)
{
    for (;;) {
        unsigned chosen = choose();
        if (chosen == NOBODY)
            leave(ENDED);
        if (chosen == now.running)
            return;
        if (chosen < OWN) {
            go_to(chosen);
            return;
        }
        access_let_in((chosen - BUFFERED) / BUFFER_MAX, (chosen - BUFFERED) % BUFFER_MAX);
    }
}

void search_count(void)
{
    if (++now.accesses > ACCESSES_MAX)
        model_fail("T%u does not end", now.running + 1);
}

void search_point(uint64_t arguments, const void *stack)
{
    const uint64_t *end = (const uint64_t *)(void *)fiber_stack_end(now.running);
    uint64_t own = arguments;
    for (const uint64_t *word = stack; word < end; word++)
        own = hash_mix(own, *word);
    if (model_own_state != NULL)
        own = hash_mix(own, model_own_state());
    now.threads[now.running].own = own;
    pass_on();
}

static void run_thread(void)
{
    fiber_begin(now.running);
    search.scenario->threads[now.running]();
    fiber_end();
    now.threads[now.running].is_done = true;
    now.threads[now.running].own = 0;
    pass_on();
    abort();
}

static void prepare(void)
{
    memset(&now, 0, sizeof now);
    now.running = OWN;
    memory_begin();
    buffers_begin();
    overlap_reset();
    if (search.scenario->begin != NULL)
        search.scenario->begin();
    for (unsigned i = 0; i < search.threads; i++)
        fiber_prepare(i, run_thread);
}

static enum ending run(void)
{
    prepare();
    now.is_noting = true;
    if (setjmp(own_failure) == 0) {
        pass_on();
        if (now.ending == ENDED && search.scenario->at_rest != NULL && !search.is_restarting)
            search.scenario->at_rest();
    } else {
        now.ending = FAILED;
    }
    now.is_noting = false;
    search.executions++;
    if (now.depth > search.depth_max)
        search.depth_max = now.depth;
    return search.is_restarting ? RESTARTED : now.ending;
}

/* Goes back to the deepest decision with an alternative left; false: there is none. */
static bool backtrack(void)
{
    while (decided > 0) {
        struct decision *decision = &decisions[decided - 1];
        if (++decision->taken < decision->count)
            return true;
        decided--;
    }
    return false;
}

static void print_counterexample(void)
{
    printf("%s: a counterexample with %u preemption(s), %u decisions\n", search.scenario->name,
           now.preemptions, now.depth);
    search.is_tracing = true;
    (void)run();
    search.is_tracing = false;
    printf("   ==> %s\n", search.failure);
}

static void start_search(void)
{
    search.is_restarting = search.is_truncated = false;
    decided = 0;
    states_clear();
}

/* All executions within the bound; false: something is wrong. */
static bool search_bounded(void)
{
    start_search();
    do {
        enum ending ending = run();
        if (ending == RESTARTED) {
            start_search();
            continue;
        }
        if (ending == FAILED) {
            if (!search.scenario->is_faulty)
                print_counterexample();
            return false;
        }
        if (states_count() > search.limits.states_max)
            return true;
    } while (decided == 0 || backtrack());
    return true;
}

static void note_bound(struct figures *figures)
{
    bool is_over = states_count() > search.limits.states_max;
    figures->states = states_count();
    figures->points = memory_shared_cells();
    figures->executions = search.executions;
    figures->depth = search.depth_max;
    if (is_over)
        return;
    figures->preemptions = search.bound;
    figures->is_complete = !search.is_truncated;
}

static double seconds_now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static bool search_all(struct figures *figures)
{
    for (unsigned bound = 0; !figures->is_complete; bound++) {
        search.bound = bound <= BOUNDS_MAX ? bound : search.limits.preemptions_max;
        search.has_clocks = bound <= BOUNDS_MAX || search.limits.has_clocks;
        if (!search_bounded())
            return false;
        note_bound(figures);
        if (search.bound == search.limits.preemptions_max ||
            states_count() > search.limits.states_max)
            break;
    }
    return true;
}

bool explore(const struct scenario *scenario, struct limits limits, struct figures *figures)
{
    memset(&search, 0, sizeof search);
    memset(figures, 0, sizeof *figures);
    memset(&now, 0, sizeof now);
    now.running = OWN;
    search.scenario = scenario;
    search.limits = limits;
    while (search.threads < THREADS_MAX && scenario->threads[search.threads] != NULL)
        search.threads++;
    double start = seconds_now();
    if (scenario->set_up != NULL)
        scenario->set_up();
    bool is_right = search_all(figures) != scenario->is_faulty;
    const char *complaint = scenario->verdict == NULL ? NULL : scenario->verdict(limits.is_delayed);
    if (complaint != NULL)
        printf("%s: %s\n", scenario->name, complaint);
    figures->executions = search.executions;
    figures->seconds = seconds_now() - start;
    return is_right && complaint == NULL;
}
