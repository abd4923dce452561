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
 * failing, another with all calls from n on failing, and a third with all but the first of two failing
 * in a row; after each it is run again without failures.  With --smoke a sample of n is taken.
 *
 * Replay: the seed; the scenario's draws are those of (seed, 0, 0).  Linked with tests/fake/vm_failing.c
 * in place of lib/sys/vm_linux.c.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocator.h"
#include "harness.h"
#include "memory.h"
#include "tests/fake/vm_failing.h"
#include "workload.h"

enum { TABLE = 1024, STEPS = 6000, THREADS = 4 };

struct plan {
    uint64_t first;
    uint64_t count;
};

static const struct stress_settings *settings;
static struct worker worker;

static void *work_shortly(void *unused)
{
    stress_work(&worker, STEPS / 8);
    return unused;
}

/* Tables for the whole scenario, so that the harness maps nothing during it. */
static void make_worker(void)
{
    worker.random = stress_random_at(settings->seed, 0, 0);
    worker.table = stress_table_make(TABLE);
    worker.table_size = TABLE;
    worker.largest = (size_t)8 << 20;
}

static void check_empty_heap(const char *when)
{
    struct stress_tally nothing = {0};
    stress_table_free(worker.table, TABLE, &worker.random, 256);
    stress_allocator.thread_idle();
    stress_tally_check(&nothing, when);
}

/* A single block of each kind, then everything mixed, then with thread births and exits between. */
static void run_scenario(bool may_fail)
{
    worker.random = stress_random_at(settings->seed, 0, 0);
    worker.tide.left = 0;
    worker.may_fail = may_fail;
    stress_work(&worker, STEPS);
    for (unsigned i = 0; i < THREADS; i++) {
        stress_thread_join(stress_thread_start(work_shortly, NULL));
        stress_allocator.purge();
    }
}

/* In a fresh process: with failures, then without. */
static _Noreturn void run_planned(struct plan plan)
{
    (void)alarm(settings->patience_seconds / 2 + 1);
    vm_failing_plan(plan.first, plan.count);
    run_scenario(true);
    check_empty_heap("account after failures");
    vm_failing_plan(0, 0);
    run_scenario(false);
    check_empty_heap("account after memory came back");
    _exit(0);
}

static void await_child(pid_t child, struct plan plan)
{
    int status = 0;
    stress_doing("waiting for a child");
    while (waitpid(child, &status, 0) != child)
        stress_require(errno == EINTR, "waitpid: %s", strerror(errno));
    stress_require(
        status == 0, "calls %llu to %llu of sys/vm fail, and the scenario ends with %s %d%s",
        (unsigned long long)plan.first, (unsigned long long)(plan.first + plan.count - 1),
        WIFSIGNALED(status) ? "signal" : "status",
        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
        WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? ": it hung" : "");
}

static void run_child(struct plan plan)
{
    pid_t child = fork();
    stress_require(child >= 0, "fork: %s", strerror(errno));
    if (child == 0)
        run_planned(plan);
    await_child(child, plan);
}

/* How many calls the scenario makes when none fails: counted in a child, so that this process stays
 * one that has never allocated. */
static uint64_t record_calls(void)
{
    uint64_t *calls =
        mmap(NULL, sizeof *calls, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    stress_require(calls != MAP_FAILED, "mmap: %s", strerror(errno));
    pid_t child = fork();
    stress_require(child >= 0, "fork: %s", strerror(errno));
    if (child == 0) {
        vm_failing_plan(0, 0);
        run_scenario(false);
        *calls = vm_failing_calls();
        _exit(0);
    }
    await_child(child, (struct plan){0, 1});
    return *calls;
}

static bool goes_on(uint64_t runs)
{
    return !settings->smoke || runs == 0 || stress_seconds() < settings->seconds;
}

static void run(const struct stress_settings *given)
{
    settings = given;
    make_worker();
    stress_seat_take(0);
    uint64_t calls = record_calls();
    uint64_t runs = 0;
    stress_require(calls > 0, "the scenario makes no call of sys/vm");
    /* Every n in an order that spreads a sample: a stride that is prime to the number of calls. */
    uint64_t stride = calls % 37 != 0 ? 37 : 41;
    for (; runs < calls && goes_on(runs); runs++) {
        uint64_t n = (runs < 16 ? runs : runs * stride % calls) + 1;
        run_child((struct plan){n, 1});
        run_child((struct plan){n, UINT64_MAX});
        run_child((struct plan){n, 3});
    }
    stress_report("calls=%llu failed_at=%llu", (unsigned long long)calls, (unsigned long long)runs);
}

const struct stress_program stress_program = {
    .name = "failing_memory",
    .seconds = 60,
    .smoke_seconds = 5,
    .threads = 1,
    .run = run,
};
