/* cancellation: threads are cancelled at any time, and what they held is freed by their cleanup handlers.
 *
 * Claim: no allocating or freeing call is a cancellation point, so that a thread that is cancelled is outside of them;
 * its cleanup handlers and destructors may allocate and free; its exit gives up all it held.
 *
 * If it were false: a thread unwound inside the allocator would leave a pool or a block behind, and the account after
 * the round would not be what is live.
 *
 * Replay: the seed; thread n of seat i draws from (seed, n, i).  When a cancellation comes is the machine's choice.
 */
#include "allocator.h"
#include "harness.h"
#include "workload.h"

enum { TABLE = 256, THREADS_A_ROUND = 40 };

struct seat {
    struct worker worker;
    unsigned number;
    uint64_t thread_number;
    uint64_t cancelled;
};

static const struct stress_settings *settings;
static struct exchange exchange;
static struct seat seats[STRESS_THREADS_MAX];

/* What a server's cleanup does: it frees a part, and takes memory for its last message. */
static void clean_up(void *argument)
{
    struct seat *seat = argument;
    stress_doing("cleanup handler");
    stress_table_free(seat->worker.table, TABLE, &seat->worker.random, 64);
    stress_work(&seat->worker, 20);
    stress_seat_leave();
}

static void *work_until_cancelled(void *argument)
{
    struct seat *seat = argument;
    uint64_t rounds = 1 + stress_random_below(&seat->worker.random, 40);
    stress_seat_take(seat->number);
    pthread_cleanup_push(clean_up, seat);
    for (uint64_t i = 0; i < rounds; i++) {
        stress_work(&seat->worker, 1 + stress_random_below(&seat->worker.random, 100));
        pthread_testcancel();
    }
    pthread_cleanup_pop(1);
    return NULL;
}

static void run_seat(unsigned number)
{
    struct seat *seat = &seats[number];
    struct stress_random random = stress_random_at(settings->seed, 1, number);
    for (unsigned i = 0; i < THREADS_A_ROUND; i++) {
        void *result = NULL;
        seat->worker.random = stress_random_at(settings->seed, ++seat->thread_number, number);
        pthread_t thread = stress_thread_start(work_until_cancelled, seat);
        stress_sleep((double)stress_random_below(&random, 3000) / 1e6);
        (void)pthread_cancel(thread);
        stress_require(pthread_join(thread, &result) == 0, "pthread_join");
        seat->cancelled += result == PTHREAD_CANCELED;
    }
}

static void run(const struct stress_settings *given)
{
    uint64_t cancelled = 0, all = 0;
    settings = given;
    stress_exchange_make(&exchange, 64);
    for (unsigned i = 0; i < given->threads; i++) {
        seats[i].number = i;
        stress_worker_make(&seats[i].worker, TABLE, &exchange, (size_t)256 << 10);
    }
    do {
        stress_team_run(given->threads, run_seat);
        stress_rest_check("account after a round");
    } while (stress_seconds() < given->seconds);
    stress_rest_end(given->seed);
    for (unsigned i = 0; i < given->threads; i++) {
        cancelled += seats[i].cancelled;
        all += seats[i].thread_number;
    }
    stress_require(cancelled > 0, "no thread was cancelled");
    stress_report("cancelled=%llu of=%llu", (unsigned long long)cancelled, (unsigned long long)all);
}

const struct stress_program stress_program = {
    .name = "cancellation",
    .seconds = 60,
    .smoke_seconds = 3,
    .threads = 4,
    .run = run,
};
