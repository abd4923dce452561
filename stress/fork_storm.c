/* fork_storm: all threads allocate, and all of them fork all the time.
 *
 * Claim: fork is never blocked and blocks nobody.  A child of a multithreaded process may at once
 * allocate, free and resize what its thread held and what others handed over, fork again, create
 * threads, or execute a program.  The parent is not affected, to the byte.
 *
 * If it were false: a child would hang (its alarm kills it), crash, or get memory twice (its oracle
 * goes on from the parent's), and the parent would report how it ended; or the parent's own contents
 * and account would be wrong.
 *
 * In the child the pools of the parent's other threads are in no thread's hands for ever, so there the
 * account must add up to its own sum, but cannot be compared with what is live.
 *
 * Replay: the seed; a worker's draws are those of (seed, 0, number).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "allocator.h"
#include "harness.h"
#include "workload.h"

enum { TABLE = 512, SLOTS = 256, MOST_DEPTH = 3, CHILD_THREADS = 2 };

struct forker {
    struct worker worker;
    uint64_t forks;
};

static const struct stress_settings *settings;
static struct exchange exchange;
static struct forker forkers[STRESS_THREADS_MAX];

static void make_worker(struct worker *worker, uint64_t major, uint64_t minor)
{
    stress_worker_make(worker, TABLE, &exchange, (size_t)2 << 20);
    worker->random = stress_random_at(settings->seed, major, minor);
}

/* --- in the child ----------------------------------------------------------------------------- */

static void spawn_child(struct worker *worker, unsigned depth);

static struct worker children[CHILD_THREADS];

static void work_in_child(unsigned number)
{
    stress_work(&children[number], 500);
    stress_allocator.thread_idle();
}

static void start_threads_in_child(struct worker *parent)
{
    struct stress_team team;
    uint64_t major = stress_random_next(&parent->random);
    for (unsigned i = 0; i < CHILD_THREADS; i++)
        make_worker(&children[i], major, i);
    stress_team_start(&team, CHILD_THREADS, work_in_child);
    stress_work(parent, 500);
    stress_team_join(&team);
}

static _Noreturn void execute_self(void)
{
    char path[4096];
    stress_own_path(path, sizeof path);
    (void)execl(path, stress_program.name, "--child", (char *)NULL);
    stress_fail("exec: %s", strerror(errno));
}

static void check_account_sum(void)
{
    struct ep_stats account;
    stress_allocator.thread_idle();
    if (!stress_allocator.account(&account))
        return;
    stress_require(account.total_bytes == account.arena_bytes,
                   "account in a child: total_bytes %zu, arena_bytes %zu", account.total_bytes,
                   account.arena_bytes);
}

static void go_on_in_child(struct worker *worker, unsigned depth)
{
    switch (stress_random_below(&worker->random, 8)) {
    case 0:
        execute_self();
    case 1:
    case 2:
        if (depth < MOST_DEPTH)
            spawn_child(worker, depth + 1);
        break;
    case 3:
    case 4:
        if (settings->child_threads)
            start_threads_in_child(worker);
        break;
    default:
        stress_table_free(worker->table, worker->table_size, &worker->random, 256);
        break;
    }
}

/* A bare child is one that the C library has not prepared: it can only allocate. */
static _Noreturn void live_as_child(struct worker *worker, unsigned depth, bool is_bare)
{
    /* The watchdog's thread is the parent's alone. */
    (void)alarm(settings->patience_seconds / 2 + 1);
    stress_work(worker, 200 + stress_random_below(&worker->random, 800));
    if (!is_bare)
        go_on_in_child(worker, depth);
    stress_work(worker, 200);
    check_account_sum();
    _exit(0);
}

/* --- in the parent ---------------------------------------------------------------------------- */

static void spawn_child(struct worker *worker, unsigned depth)
{
    /* The C library's own malloc does not outlive _Fork, and ThreadSanitizer does not see it. */
    bool may_be_bare = stress_allocator.outlives_bare_fork && settings->child_threads;
    bool is_bare = may_be_bare && stress_random_chance(&worker->random, 1, 4);
    stress_doing("fork");
    pid_t child = is_bare ? _Fork() : fork();
    stress_require(child >= 0, "fork: %s", strerror(errno));
    if (child == 0)
        live_as_child(worker, depth, is_bare);
    stress_child_await(child, 0, "child %d of %d", (int)child, (int)getpid());
}

static void run_forker(unsigned number)
{
    struct forker *forker = &forkers[number];
    stress_seat_take(number);
    while (forker->forks == 0 || stress_seconds() < settings->seconds) {
        stress_work(&forker->worker, stress_random_below(&forker->worker.random, 2000));
        spawn_child(&forker->worker, 1);
        forker->forks++;
    }
    stress_seat_leave();
}

static void run(const struct stress_settings *given)
{
    uint64_t forks = 0;
    settings = given;
    stress_exchange_make(&exchange, SLOTS);
    for (unsigned i = 0; i < given->threads; i++)
        make_worker(&forkers[i].worker, 0, i);
    stress_team_run(given->threads, run_forker);
    stress_rest_end(given->seed);
    for (unsigned i = 0; i < given->threads; i++)
        forks += forkers[i].forks;
    stress_report("forks=%llu", (unsigned long long)forks);
}

/* What an executed child does: the first steps of any program. */
static void run_executed(void)
{
    struct block block;
    for (size_t size = 1; size < (size_t)4 << 20; size *= 3) {
        stress_block_got(&block, stress_allocator.malloc(size), size, 1);
        stress_allocator.free(stress_block_give(&block));
    }
}

const struct stress_program stress_program = {
    .name = "fork_storm",
    .seconds = 60,
    .smoke_seconds = 4,
    .threads = 4,
    .run = run,
    .child = run_executed,
};
