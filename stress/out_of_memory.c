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
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocator.h"
#include "harness.h"
#include "memory.h"
#include "workload.h"

enum { TABLE = 4096, MOST_WORKERS = 64 };

static const struct stress_settings *settings;
static struct exchange exchange;
static struct worker workers[MOST_WORKERS];
static pthread_barrier_t barrier;
static struct rlimit no_limit;

/* Shared by all rounds' processes: how many allocations failed. */
static _Atomic(uint64_t) *failures;

static void *work_at_limit(void *argument)
{
    struct worker *worker = argument;
    uint64_t steps = settings->smoke ? 6000 : 30000;
    stress_seat_take((unsigned)(worker - workers));
    (void)pthread_barrier_wait(&barrier);
    stress_work(worker, steps);
    (void)pthread_barrier_wait(&barrier);
    (void)pthread_barrier_wait(&barrier);
    worker->may_fail = false;
    stress_work(worker, steps / 4);
    /* order: relaxed -- a count */
    (void)ep__fetch_add_relaxed(failures, worker->failed);
    stress_seat_leave();
    return NULL;
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
        struct worker *worker = &workers[i];
        worker->random = stress_random_at(settings->seed, round, i);
        worker->table = stress_table_make(TABLE);
        worker->table_size = TABLE;
        worker->exchange = &exchange;
        worker->largest = (size_t)8 << 20;
        worker->may_fail = true;
    }
}

static void check_rest(const char *when)
{
    struct stress_tally tally = {0};
    for (unsigned i = 0; i < settings->threads; i++)
        stress_table_tally(workers[i].table, TABLE, &tally);
    stress_exchange_tally(&exchange, &tally);
    stress_tally_check(&tally, when);
}

static void check_end(struct stress_random *random)
{
    check_rest("account after the threads' exit");
    for (unsigned i = 0; i < settings->threads; i++)
        stress_table_free(workers[i].table, TABLE, random, 256);
    stress_exchange_free(&exchange, random, 256);
    stress_allocator.thread_idle();
    check_rest("account of the empty heap");
}

/* A fresh process.  Threads are made before the limit, so that the C library has their stacks. */
static _Noreturn void run_round(uint64_t round)
{
    struct stress_random random = stress_random_at(settings->seed, round, 1U << 20);
    pthread_t threads[MOST_WORKERS];
    stress_watchdog_start(settings->patience_seconds);
    stress_jitter_start(settings->jitter_per_second);
    make_workers(round);
    stress_require(pthread_barrier_init(&barrier, NULL, settings->threads + 1) == 0, "barrier");
    if (round % 2 == 1)
        stress_allocator.free(stress_allocator.malloc(100));
    for (unsigned i = 0; i < settings->threads; i++)
        threads[i] = stress_thread_start(work_at_limit, &workers[i]);
    set_limit(stress_random_size(&random, (size_t)1 << 20, (size_t)64 << 20));
    (void)pthread_barrier_wait(&barrier);
    (void)pthread_barrier_wait(&barrier);
    lift_limit();
    (void)pthread_barrier_wait(&barrier);
    for (unsigned i = 0; i < settings->threads; i++)
        stress_thread_join(threads[i]);
    check_end(&random);
    _exit(0);
}

static void await_round(pid_t child, uint64_t round)
{
    int status = 0;
    stress_doing("waiting for a round");
    while (waitpid(child, &status, 0) != child)
        stress_require(errno == EINTR, "waitpid: %s", strerror(errno));
    stress_require(status == 0, "round %llu ended with %s %d", (unsigned long long)round,
                   WIFSIGNALED(status) ? "signal" : "status",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void run(const struct stress_settings *given)
{
    uint64_t round = 0;
    settings = given;
    /* The registry would map memory at the limit; contents show what overlaps. */
    stress_oracle.registry = false;
    stress_require(getrlimit(RLIMIT_AS, &no_limit) == 0, "getrlimit: %s", strerror(errno));
    failures =
        mmap(NULL, sizeof *failures, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    stress_require(failures != MAP_FAILED, "mmap: %s", strerror(errno));
    for (; round < 4 || stress_seconds() < given->seconds; round++) {
        pid_t child = fork();
        stress_require(child >= 0, "fork: %s", strerror(errno));
        if (child == 0)
            run_round(round);
        await_round(child, round);
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
