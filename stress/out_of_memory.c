/* out_of_memory: the process runs into RLIMIT_AS, with all threads at once, again and again.
 *
 * Claim: at the limit an allocation returns NULL with ENOMEM and nothing else happens: no block is
 * harmed, what is freed can be had again, and with the limit lifted everything works as before.  It holds
 * when the limit is there from the first allocation and when it comes later.
 *
 * If it were false: a crash, another errno, wrong contents, an allocation that fails after the limit has
 * been lifted, or an account that does not add up.
 *
 * Shape: each round is a fresh process that never allocated.  Its threads work between two barriers
 * under the limit and after them without; "failed" counts the NULLs of all rounds, and must not be 0.
 *
 * Replay: the seed; a thread's draws are those of (seed, round, number).  A process under a sanitizer has
 * no use for RLIMIT_AS; failing_memory is the one that runs there.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "allocator.h"
#include "harness.h"
#include "memory.h"
#include "workload.h"

enum { TABLE = 4096 };

static const struct stress_settings *settings;
static struct exchange exchange;
static struct worker workers[STRESS_THREADS_MAX];
static pthread_barrier_t barrier;
static struct rlimit no_limit;

/* Shared by all rounds' processes: how many allocations failed. */
static _Atomic(uint64_t) *failures;

static void work_at_limit(unsigned number)
{
    struct worker *worker = &workers[number];
    uint64_t steps = settings->smoke ? 6000 : 30000;
    stress_seat_take(number);
    (void)pthread_barrier_wait(&barrier);
    stress_work(worker, steps);
    (void)pthread_barrier_wait(&barrier);
    (void)pthread_barrier_wait(&barrier);
    worker->may_fail = false;
    stress_work(worker, steps / 4);
    /* order: relaxed -- a count */
    (void)ep__fetch_add_relaxed(failures, worker->failed);
    stress_seat_leave();
}

static void set_limit(size_t room)
{
    struct rlimit limit = no_limit;
    limit.rlim_cur = stress_mapped_bytes() + room;
    stress_require(setrlimit(RLIMIT_AS, &limit) == 0, "setrlimit: %s", strerror(errno));
}

static void lift_limit(void)
{
    stress_require(setrlimit(RLIMIT_AS, &no_limit) == 0, "setrlimit: %s", strerror(errno));
}

static void make_workers(uint64_t round)
{
    stress_exchange_make(&exchange, 256);
    for (unsigned i = 0; i < settings->threads; i++) {
        stress_worker_make(&workers[i], TABLE, &exchange, (size_t)8 << 20);
        workers[i].random = stress_random_at(settings->seed, round, i);
        workers[i].may_fail = true;
    }
}

/* A fresh process.  Threads are made before the limit, so that the C library has their stacks. */
static _Noreturn void run_round(uint64_t round)
{
    struct stress_random random = stress_random_at(settings->seed, round, 1U << 20);
    struct stress_team team;
    stress_watchdog_start(settings->patience_seconds);
    stress_jitter_start(settings->jitter_per_second);
    make_workers(round);
    stress_require(pthread_barrier_init(&barrier, NULL, settings->threads + 1) == 0, "barrier");
    if (round % 2 == 1)
        stress_allocator.free(stress_allocator.malloc(100));
    stress_team_start(&team, settings->threads, work_at_limit);
    set_limit(stress_random_size(&random, (size_t)1 << 20, (size_t)64 << 20));
    (void)pthread_barrier_wait(&barrier);
    (void)pthread_barrier_wait(&barrier);
    lift_limit();
    (void)pthread_barrier_wait(&barrier);
    stress_team_join(&team);
    stress_rest_end(settings->seed);
    _exit(0);
}

static void run(const struct stress_settings *given)
{
    uint64_t round = 0;
    settings = given;
    /* The registry would map memory at the limit; contents show what overlaps. */
    stress_has_registry = false;
    stress_require(getrlimit(RLIMIT_AS, &no_limit) == 0, "getrlimit: %s", strerror(errno));
    failures = stress_map_shared(sizeof *failures);
    for (; round < 4 || stress_seconds() < given->seconds; round++) {
        pid_t child = stress_fork();
        if (child == 0)
            run_round(round);
        stress_child_await(child, 0, "round %llu", (unsigned long long)round);
    }
    /* order: relaxed -- every round has ended */
    uint64_t failed = ep__load_relaxed(failures);
    stress_require(failed > 0, "no allocation failed in %llu rounds", (unsigned long long)round);
    stress_report("rounds=%llu failed=%llu", (unsigned long long)round, (unsigned long long)failed);
}

const struct stress_program stress_program = {
    .name = "out_of_memory",
    .seconds = 60,
    .smoke_seconds = 4,
    .threads = 4,
    .run = run,
};
