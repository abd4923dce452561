/* failing_memory: the system refuses memory at every call at which it can.
 *
 * Claim: out of memory is an ordinary result.  Whichever call of sys/vm fails, once or from then on for
 * ever, an allocation returns NULL with ENOMEM or succeeds in another way; no block is harmed, nothing
 * leaks, the account is exact, and when memory is back everything can be allocated again.
 *
 * If it were false: some n would show a crash, another errno, wrong contents, an account that does not
 * add up, or an allocation that goes on failing.  The child that shows it names n and the call.
 *
 * Shape: a scenario of one thread (and short threads that are joined at once, so that calls have
 * numbers) is recorded: it makes N calls.  For every n from 1 to N a fresh process runs it with call n
 * failing, another with all calls from n on failing, and a third with calls n to n+2 failing; after each
 * it is run again without failures.  Then, as long as there is time, `threads` threads at once work
 * in a fresh process in which a share of all calls fails.  With --smoke a sample of n is taken.
 *
 * Replay: the seed; the scenario's draws are those of (seed, 0, 0), a storm's of (seed, storm, number).
 * Linked with tests/fake/vm_failing.c in place of lib/sys/vm_linux.c.
 */
#include <errno.h>
#include <unistd.h>

#include "allocator.h"
#include "harness.h"
#include "memory.h"
#include "tests/fake/vm_failing.h"
#include "workload.h"

enum { TABLE = 2048, STEPS = 2000, THREADS = 3, FILLERS = 24 };

struct plan {
    uint64_t first, count; /* of the failing calls */
    uint64_t storm;        /* not 0: a share of all calls fails instead, for many threads */
};

static const struct stress_settings *settings;
static struct worker workers[STRESS_THREADS_MAX];
static struct exchange exchange;
static struct block **fillers;

/* --- the scenario ----------------------------------------------------------------------------- */

static void make_worker(struct worker *worker, uint64_t major, uint64_t minor)
{
    if (worker->table == NULL)
        stress_worker_make(worker, TABLE, NULL, (size_t)8 << 20);
    worker->random = stress_random_at(settings->seed, major, minor);
    worker->tide.left = 0;
}

static bool try_block(struct block *block, size_t size, bool may_fail)
{
    void *start = stress_allocator.malloc(size);
    if (start == NULL && may_fail) {
        stress_require(errno == ENOMEM, "an allocation failed with errno %d", errno);
        return false;
    }
    stress_block_got(block, start, size, 1);
    return true;
}

static void free_fillers(void)
{
    struct stress_random random = stress_random_at(settings->seed, 0, 1);
    stress_table_free(fillers, FILLERS, &random, 256);
}

/* Half-megabyte runs, so that arenas are made, retired, and taken again. */
static void fill_arenas(bool may_fail)
{
    for (unsigned i = 0; i < FILLERS; i++)
        (void)try_block(fillers[i], (size_t)500 << 10, may_fail);
    free_fillers();
}

/* A block that climbs from a pool through runs to its own mapping, which grows and moves, and back. */
static void climb_ladder(bool may_fail)
{
    struct block *block = fillers[0];
    if (!try_block(block, 1000, may_fail))
        return;
    for (int step = -12; step <= 12; step++) {
        size_t size = ((size_t)1 << 24) >> (step < 0 ? -step : step);
        stress_block_leave(block);
        void *start = stress_allocator.realloc(block->start, size);
        if (start == NULL && may_fail)
            stress_block_stayed(block);
        else
            stress_block_resized(block, start, size);
    }
    free_fillers();
}

static void *work_shortly(void *worker)
{
    stress_work(worker, STEPS / 8);
    return NULL;
}

static void run_scenario(bool may_fail)
{
    make_worker(&workers[0], 0, 0);
    workers[0].may_fail = may_fail;
    stress_work(&workers[0], STEPS);
    for (unsigned i = 0; i < THREADS; i++) {
        fill_arenas(may_fail);
        climb_ladder(may_fail);
        stress_thread_join(stress_thread_start(work_shortly, &workers[0]));
        stress_allocator.purge();
    }
}

static void work_in_storm(unsigned number)
{
    stress_seat_take(1 + number);
    stress_work(&workers[number], STEPS);
    stress_seat_leave();
}

static void run_storm(uint64_t storm, bool may_fail)
{
    for (unsigned i = 0; i < settings->threads; i++) {
        make_worker(&workers[i], storm, i);
        workers[i].exchange = &exchange;
        workers[i].may_fail = may_fail;
    }
    stress_team_run(settings->threads, work_in_storm);
}

static void check_empty_heap(const char *when)
{
    struct stress_random random = stress_random_at(settings->seed, 0, 2);
    stress_rest_free(&random, 256);
    stress_rest_check(when);
}

/* --- fresh processes -------------------------------------------------------------------------- */

static void run_once(struct plan plan, bool may_fail)
{
    if (plan.storm != 0)
        run_storm(plan.storm, may_fail);
    else
        run_scenario(may_fail);
}

/* With failures, then without. */
static _Noreturn void run_planned(struct plan plan)
{
    (void)alarm(settings->patience_seconds / 2 + 1);
    vm_failing_plan(plan.first, plan.count);
    if (plan.storm != 0) {
        vm_failing_scatter(settings->seed + plan.storm, 1U << (plan.storm % 8));
        stress_jitter_start(settings->jitter_per_second);
    }
    run_once(plan, true);
    check_empty_heap("account after failures");
    vm_failing_plan(0, 0);
    vm_failing_scatter(0, 0);
    run_once(plan, false);
    check_empty_heap("account after memory came back");
    _exit(0);
}

static void run_child(struct plan plan)
{
    pid_t child = stress_fork();
    if (child == 0)
        run_planned(plan);
    stress_child_await(child, 0, "calls %llu to %llu of sys/vm fail (storm %llu), and a child",
                       (unsigned long long)plan.first,
                       (unsigned long long)(plan.first + plan.count - 1),
                       (unsigned long long)plan.storm);
}

/* How many calls the scenario makes when none fails: counted in a child, so that this process stays
 * one that has never allocated. */
static uint64_t record_calls(void)
{
    uint64_t *calls = stress_map_shared(sizeof *calls);
    pid_t child = stress_fork();
    if (child == 0) {
        vm_failing_plan(0, 0);
        run_scenario(false);
        *calls = vm_failing_calls();
        _exit(0);
    }
    stress_child_await(child, 0, "the scenario without failures");
    return *calls;
}

/* Each n once; a sample is spread over all of them by a stride that is prime to their number. */
static uint64_t run_all_plans(uint64_t calls)
{
    uint64_t runs = 0;
    uint64_t stride = calls % 37 != 0 ? 37 : 41;
    double deadline = settings->smoke ? settings->seconds / 2 : 1e9;
    for (; runs < calls && (runs == 0 || stress_seconds() < deadline); runs++) {
        uint64_t n = runs * stride % calls + 1;
        run_child((struct plan){n, 1, 0});
        run_child((struct plan){n, UINT64_MAX, 0});
        run_child((struct plan){n, 3, 0});
    }
    return runs;
}

static void run(const struct stress_settings *given)
{
    uint64_t storms = 0;
    settings = given;
    stress_exchange_make(&exchange, 64);
    fillers = stress_table_make(FILLERS);
    stress_seat_take(0);
    uint64_t calls = record_calls();
    stress_require(calls > 0, "the scenario makes no call of sys/vm");
    uint64_t runs = run_all_plans(calls);
    do
        run_child((struct plan){0, 1, ++storms});
    while (storms < 8 || stress_seconds() < settings->seconds);
    stress_report("calls=%llu failed_at=%llu storms=%llu", (unsigned long long)calls,
                  (unsigned long long)runs, (unsigned long long)storms);
}

const struct stress_program stress_program = {
    .name = "failing_memory",
    .seconds = 60,
    .smoke_seconds = 6,
    .threads = 4,
    .run = run,
};
