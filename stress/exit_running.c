/* exit_running: processes end while their threads allocate, and execute others while their threads fork.
 *
 * Claim: exit() runs its handlers, which allocate and free, beside threads that do so all the time, and the process
 * ends, with the status it was given.  fork and exec out of such a process work as in a quiet one.
 *
 * If it were false: a child would hang until its alarm, crash, or end with another status.
 *
 * Shape: every thread of the parent forks and executes this program again and again; each child starts threads and
 * leaves by exit(), by _exit(), or by the end of its first thread while another one exits.
 * Replay: the seed draws how children leave; what happens at their ends is the machine's choice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "allocator.h"
#include "harness.h"
#include "workload.h"

enum {
    TABLE = 128,
    CHILD_THREADS = 3,
    STATUS = 23,
    CHILD_PATIENCE_SECONDS = 60,
    MOST_VARIABLES = 200
};

/* --- in the child ----------------------------------------------------------------------------- */

static struct worker workers[CHILD_THREADS + 1];
static struct exchange exchange;

static void *work_for_ever(void *argument)
{
    for (;;)
        stress_work(argument, 100);
    return argument;
}

static void speak_last_words(void)
{
    stress_work(&workers[CHILD_THREADS], 200);
}

static void *exit_from_a_thread(void *unused)
{
    stress_sleep(0.002);
    exit(STATUS);
    return unused;
}

static void leave(unsigned way)
{
    if (way == 1)
        _exit(STATUS);
    if (way == 2) {
        (void)pthread_detach(stress_thread_start(exit_from_a_thread, NULL));
        pthread_exit(NULL);
    }
    exit(STATUS);
}

/* How it leaves, and the seed, come from the environment: the hidden option has no argument. */
static void run_child(void)
{
    uint64_t draw = strtoull(getenv("STRESS_DRAW"), NULL, 0);
    struct stress_random random = stress_random_at(draw, 0, 0);
    (void)alarm(CHILD_PATIENCE_SECONDS);
    stress_exchange_make(&exchange, 16);
    for (unsigned i = 0; i <= CHILD_THREADS; i++) {
        stress_worker_make(&workers[i], TABLE, &exchange, (size_t)64 << 10);
        workers[i].random = stress_random_at(draw, 1, i);
    }
    stress_require(atexit(speak_last_words) == 0, "atexit");
    for (unsigned i = 0; i < CHILD_THREADS; i++)
        (void)pthread_detach(stress_thread_start(work_for_ever, &workers[i]));
    stress_sleep((double)stress_random_below(&random, 5000) / 1e6);
    leave((unsigned)stress_random_below(&random, 3));
}

/* --- in the parent ---------------------------------------------------------------------------- */

static const struct stress_settings *settings;
static struct worker parents[STRESS_THREADS_MAX];
static _Atomic(uint64_t) children;

/* The parent's environment, and STRESS_DRAW=number in `text` before it. */
static void make_environment(char *text, size_t size, uint64_t draw, char **environment)
{
    unsigned count = 1;
    (void)snprintf(text, size, "STRESS_DRAW=%llu", (unsigned long long)draw);
    environment[0] = text;
    for (char **from = environ; *from != NULL && count < MOST_VARIABLES; from++)
        environment[count++] = *from;
    environment[count] = NULL;
}

/* Between fork and exec nothing is called that allocates. */
static pid_t start_child(uint64_t draw)
{
    char path[4096];
    char text[64];
    char *environment[MOST_VARIABLES + 1];
    char *arguments[] = {(char *)stress_program.name, (char *)"--child", NULL};
    make_environment(text, sizeof text, draw, environment);
    stress_own_path(path, sizeof path);
    pid_t child = stress_fork();
    if (child == 0) {
        (void)execve(path, arguments, environment);
        _exit(127);
    }
    return child;
}

static void run_parent(unsigned number)
{
    struct worker *worker = &parents[number];
    stress_seat_take(number);
    do {
        stress_work(worker, 200);
        stress_doing("fork and exec");
        uint64_t draw = stress_random_next(&worker->random);
        stress_child_await(start_child(draw), STATUS, "a child (STRESS_DRAW=%llu)",
                           (unsigned long long)draw);
        /* order: relaxed -- a count */
        ep__fetch_add_relaxed(&children, 1);
    } while (stress_seconds() < settings->seconds);
    stress_seat_leave();
}

static void run(const struct stress_settings *given)
{
    settings = given;
    stress_exchange_make(&exchange, 64);
    for (unsigned i = 0; i < given->threads; i++) {
        stress_worker_make(&parents[i], TABLE, &exchange, (size_t)64 << 10);
        parents[i].random = stress_random_at(given->seed, 0, i);
    }
    stress_team_run(given->threads, run_parent);
    stress_rest_end(given->seed);
    /* order: relaxed -- all threads have been joined */
    stress_report("children=%llu", (unsigned long long)ep__load_relaxed(&children));
}

const struct stress_program stress_program = {
    .name = "exit_running",
    .seconds = 60,
    .smoke_seconds = 3,
    .threads = 3,
    .run = run,
    .child = run_child,
};
