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
#include <stdio.h>

#include "allocator.h"
#include "harness.h"
#include "memory.h"
#include "workload.h"

enum { GENERATIONS = 8, MOST_CHAINS = 64 };

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
static struct chain chains[MOST_CHAINS];
static size_t table_size;

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

static void *run_chain(void *argument)
{
    struct chain *chain = argument;
    pthread_t previous = begin_generation(chain, 0);
    for (unsigned number = 1; number < chain->length; number++) {
        pthread_t next = begin_generation(chain, number);
        stress_thread_join(previous);
        previous = next;
    }
    stress_thread_join(previous);
    return NULL;
}

static void make_chains(void)
{
    stress_exchange_make(&exchange, 128 * settings->threads);
    for (unsigned i = 0; i < settings->threads; i++) {
        chains[i].number = i;
        for (unsigned k = 0; k < 2; k++) {
            struct worker *worker = &chains[i].generations[k].worker;
            worker->table = stress_table_make(table_size);
            worker->table_size = table_size;
            worker->exchange = &exchange;
            worker->largest = (size_t)8 << 20;
        }
    }
}

static void run_threads(uint64_t phase)
{
    pthread_t threads[MOST_CHAINS];
    for (unsigned i = 0; i < settings->threads; i++) {
        chains[i].phase = phase;
        chains[i].length =
            1 + (unsigned)(stress_hash(settings->seed + phase * 64 + i) % GENERATIONS);
        threads[i] = stress_thread_start(run_chain, &chains[i]);
    }
    for (unsigned i = 0; i < settings->threads; i++)
        stress_thread_join(threads[i]);
}

static void free_share(struct stress_random *random, unsigned share)
{
    for (unsigned i = 0; i < settings->threads; i++)
        for (unsigned k = 0; k < 2; k++)
            stress_table_free(chains[i].generations[k].worker.table, table_size, random, share);
    stress_exchange_free(&exchange, random, share);
}

static void check_rest(const char *when)
{
    struct stress_tally tally = {0};
    stress_doing("comparison at rest");
    for (unsigned i = 0; i < settings->threads; i++)
        for (unsigned k = 0; k < 2; k++)
            stress_table_tally(chains[i].generations[k].worker.table, table_size, &tally);
    stress_exchange_tally(&exchange, &tally);
    stress_tally_check(&tally, when);
}

/* The main thread has other threads' blocks to free, and must leave nothing in its own pools. */
static void rest(uint64_t phase)
{
    static const unsigned shares[] = {0, 13, 128, 230, 256};
    struct stress_random random = stress_random_at(settings->seed, phase, 1U << 20);
    stress_allocator.thread_idle();
    check_rest("account after the threads' exit");
    free_share(&random, shares[stress_random_below(&random, 5)]);
    stress_allocator.thread_idle();
    check_rest("account after foreign frees");
    if (stress_random_chance(&random, 1, 2)) {
        stress_allocator.purge();
        check_rest("account after purge");
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
    table_size = settings->smoke ? 1024 : 4096;
    make_chains();
    stress_seat_take(STRESS_SEATS - 1);
    uint64_t phase = 0;
    size_t most_resident = 0;
    while (phase == 0 || stress_seconds() < settings->seconds) {
        stress_seat_leave();
        run_threads(phase);
        stress_seat_take(STRESS_SEATS - 1);
        size_t resident = stress_resident_bytes();
        most_resident = resident > most_resident ? resident : most_resident;
        rest(phase++);
    }
    struct stress_random random = stress_random_at(settings->seed, phase, 1U << 21);
    free_share(&random, 256);
    stress_allocator.thread_idle();
    check_rest("account of the empty heap");
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
