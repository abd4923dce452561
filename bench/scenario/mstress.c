/*
 * mstress: generations of threads that keep, drop and exchange blocks.
 *
 * Models the stress test of Leijen, Zorn and de Moura, "Mimalloc: Free List Sharding in
 * Action" (MSR-TR-2019-18): each generation starts N threads; a thread allocates blocks
 * whose sizes fall off steeply, keeps about half of them to its end, frees others in random
 * order, and swaps some with a table that all threads share; between generations part of the
 * table is freed by the main thread.
 *
 * 100,000 allocations per thread and generation: up to 5 MB live per thread, blocks outlive
 * their threads, and objects of up to 128 KB mix with small ones.
 */
#include "scenario.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { TABLE_SLOTS = 1000, WORD = sizeof(void *) };

static _Atomic(void *) table[TABLE_SLOTS];
static size_t allocations_per_thread;
static uint64_t generation;

struct keep {
    void **blocks;
    size_t count, capacity;
};

static void *allocate_block(uint64_t *random)
{
    size_t words = 1 + scenario_below(random, 16);
    uint32_t dice = scenario_random(random) % 10000;
    size_t size;
    size_t *block;

    /* 1 % larger by up to 100, one in 10,000 by up to 1000, as programs have few big blocks. */
    if (dice < 1)
        words *= 1 + scenario_below(random, 1000);
    else if (dice < 100)
        words *= 1 + scenario_below(random, 100);
    size = words * WORD;
    block = scenario_check(malloc(size));
    for (size_t i = 0; i < words; i++)
        block[i] = words + i;
    return block;
}

static void keep_block(struct keep *keep, void *block)
{
    if (keep->count == keep->capacity) {
        keep->capacity = keep->capacity == 0 ? 256 : 2 * keep->capacity;
        keep->blocks = scenario_check(realloc(keep->blocks, keep->capacity * sizeof *keep->blocks));
    }
    keep->blocks[keep->count++] = block;
}

static void drop_random(struct keep *keep, uint64_t *random)
{
    size_t i = scenario_below(random, keep->count);

    free(keep->blocks[i]);
    keep->blocks[i] = keep->blocks[--keep->count];
}

static void swap_random(struct keep *keep, uint64_t *random)
{
    size_t i = scenario_below(random, keep->count);
    size_t slot = scenario_below(random, TABLE_SLOTS);
    void *other = atomic_exchange_explicit(&table[slot], keep->blocks[i], memory_order_acq_rel);

    keep->blocks[i] = other;
    if (other == NULL)
        keep->blocks[i] = keep->blocks[--keep->count];
}

static void live(size_t thread_idx)
{
    uint64_t random = scenario_seed(thread_idx + 1000 * generation);
    struct keep keep = {NULL, 0, 0};

    for (size_t n = 0; n < allocations_per_thread; n++) {
        keep_block(&keep, allocate_block(&random));
        if (scenario_random(&random) % 2 == 0)
            drop_random(&keep, &random);
        if (keep.count > 0 && scenario_random(&random) % 4 == 0)
            swap_random(&keep, &random);
    }
    while (keep.count > 0)
        drop_random(&keep, &random);
    free(keep.blocks);
}

static void free_half_of_table(uint64_t *random)
{
    for (size_t i = 0; i < TABLE_SLOTS; i++) {
        if (scenario_random(random) % 2 == 0)
            free(atomic_exchange_explicit(&table[i], NULL, memory_order_acq_rel));
    }
}

int main(int argc, char **argv)
{
    struct scenario s;
    uint64_t random = scenario_seed(9999);
    size_t generations;

    scenario_start(&s, "mstress", argc, argv);
    generations = scenario_scaled(&s, 256.0 / s.threads);
    allocations_per_thread = 100000;
    for (generation = 0; generation < generations; generation++) {
        scenario_run_threads(s.threads, live);
        free_half_of_table(&random);
    }
    scenario_report(&s);
    return 0;
}
