/* mixed: threads do everything at once, and at rest every byte is accounted for.
 *
 * Claim: under any mix of malloc, calloc, aligned allocation, realloc, batches, frees of other threads'
 * blocks, thread birth and exit, ep_thread_idle and ep_purge, every block is where it was put, holds
 * what was written and is nobody else's; and at rest, in every phase of the run and with live blocks
 * in all kinds of pools, the account adds up to arenas x 4 MiB and says exactly what is live.
 *
 * If it were false: "contents", "overlap", "calloc", "alignment", "usable size" name the block that
 * shows it, "account" the line that does not add up.
 *
 * Replay: the seed on the first line, with the same --threads and --seconds.  A phase is a number of
 * operations; its draws are those of (seed, phase, chain, generation).
 *
 * Shape: a phase runs `threads` chains; a chain is a row of threads, of which each is born before the
 * one before it has ended.  Between phases all threads have exited; the main thread frees a random
 * share of what they left, in foreign pools, gives its own pools up, and compares.
 */
#include "allocator.h"
#include "harness.h"
#include "memory.h"
#include "workload.h"

enum { GENERATIONS = 8 };

struct generation {
    struct worker worker;
    unsigned seat;
    uint64_t operations;
};

/* Two generations are alive at once, each with a table of its own. */
struct chain {
    struct generation generations[2];
    unsigned number;
    unsigned length;
    uint64_t phase;
};

static const struct stress_settings *settings;
static struct exchange exchange;
static struct chain chains[STRESS_THREADS_MAX];

static void *live_generation(void *argument)
{
    struct generation *generation = argument;
    stress_seat_take(generation->seat);
    stress_work(&generation->worker, generation->operations);
    stress_doing("thread exit");
    stress_seat_leave();
    return NULL;
}

static pthread_t begin_generation(struct chain *chain, unsigned number)
{
    struct generation *generation = &chain->generations[number % 2];
    struct stress_random random =
        stress_random_at(settings->seed, chain->phase, chain->number * 1024U + number);
    struct stress_random heat = stress_random_at(settings->seed, chain->phase, 1U << 19);
    for (unsigned i = 0; i < HOT_SIZES; i++)
        generation->worker.hot_sizes[i] = stress_random_size(&heat, 1, 4096);
    generation->worker.random = random;
    generation->worker.tide.left = 0;
    generation->seat = chain->number * 2 + number % 2;
    generation->operations = stress_random_size(&random, 16, settings->smoke ? 3000 : 20000);
    return stress_thread_start(live_generation, generation);
}

static void run_chain(unsigned number)
{
    struct chain *chain = &chains[number];
    pthread_t previous = begin_generation(chain, 0);
    for (unsigned i = 1; i < chain->length; i++) {
        pthread_t next = begin_generation(chain, i);
        stress_thread_join(previous);
        previous = next;
    }
    stress_thread_join(previous);
}

static void make_chains(void)
{
    size_t table_size = settings->smoke ? 1024 : 4096;
    stress_exchange_make(&exchange, 128 * settings->threads);
    for (unsigned i = 0; i < settings->threads; i++) {
        chains[i].number = i;
        for (unsigned k = 0; k < 2; k++)
            stress_worker_make(&chains[i].generations[k].worker, table_size, &exchange,
                               (size_t)8 << 20);
    }
}

static void run_threads(uint64_t phase)
{
    for (unsigned i = 0; i < settings->threads; i++) {
        chains[i].phase = phase;
        chains[i].length =
            1 + (unsigned)(stress_hash(settings->seed + phase * 64 + i) % GENERATIONS);
    }
    stress_team_run(settings->threads, run_chain);
}

/* The main thread has other threads' blocks to free, and must leave nothing in its own pools. */
static void rest(uint64_t phase)
{
    static const unsigned shares[] = {0, 13, 128, 230, 256};
    struct stress_random random = stress_random_at(settings->seed, phase, 1U << 20);
    stress_rest_check("account after the threads' exit");
    stress_rest_free(&random, shares[stress_random_below(&random, 5)]);
    stress_rest_check("account after foreign frees");
    if (stress_random_chance(&random, 1, 2)) {
        stress_allocator.purge();
        stress_rest_check("account after purge");
    }
}

static uint64_t count_operations(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < settings->threads; i++)
        sum +=
            chains[i].generations[0].worker.operations + chains[i].generations[1].worker.operations;
    return sum;
}

static void run(const struct stress_settings *given)
{
    settings = given;
    make_chains();
    uint64_t phase = 0;
    size_t most_resident = 0;
    while (phase == 0 || stress_seconds() < settings->seconds) {
        run_threads(phase);
        stress_seat_take(STRESS_SEATS - 1);
        size_t resident = stress_resident_bytes();
        most_resident = resident > most_resident ? resident : most_resident;
        rest(phase++);
        stress_seat_leave();
    }
    stress_rest_end(given->seed);
    stress_report("phases=%llu operations=%llu resident_mib=%zu", (unsigned long long)phase,
                  (unsigned long long)count_operations(), most_resident >> 20);
}

const struct stress_program stress_program = {
    .name = "mixed",
    .seconds = 60,
    .smoke_seconds = 4,
    .threads = 4,
    .run = run,
};
