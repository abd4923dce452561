/*
 * sh8bench: like sh6bench, but most blocks are freed by another thread.
 *
 * Models the shbench stress programs of MicroQuill (SmartHeap), version 8: threads allocate
 * batches of small blocks of mixed size and pass them on; a batch is freed by the thread
 * that gets it, in the order of allocation or in reverse, while a few blocks survive longer.
 *
 * Batches of 250 blocks of 1-600 bytes, a table of 16 batches per thread: remote frees come in
 * mixed sizes and from many pools at once, where batching them by pool does least.
 */
#include "scenario.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { BLOCKS = 250, HIGH_BYTES = 600, SLOTS_PER_THREAD = 16 };

struct batch {
    void *blocks[BLOCKS];
};

static _Atomic(struct batch *) table[SCENARIO_THREADS_MAX * SLOTS_PER_THREAD];
static size_t batches_per_thread, slots;

/* Sizes lean to the small side: the product of two even draws. */
static size_t draw_size(uint64_t *random)
{
    return 1 + scenario_below(random, 1 + scenario_below(random, HIGH_BYTES));
}

static struct batch *make_batch(uint64_t *random)
{
    struct batch *batch = scenario_check(malloc(sizeof *batch));

    for (size_t i = 0; i < BLOCKS; i++) {
        size_t size = draw_size(random);

        batch->blocks[i] = scenario_check(malloc(size));
        scenario_touch(batch->blocks[i], size);
    }
    return batch;
}

static void free_batch(struct batch *batch, int reverse)
{
    if (batch == NULL)
        return;
    for (size_t i = 0; i < BLOCKS; i++)
        free(batch->blocks[reverse ? BLOCKS - 1 - i : i]);
    free(batch);
}

static void work(size_t thread_idx)
{
    uint64_t random = scenario_seed(thread_idx);

    for (size_t n = 0; n < batches_per_thread; n++) {
        size_t slot = scenario_below(&random, slots);
        struct batch *mine = make_batch(&random);
        struct batch *other = atomic_exchange_explicit(&table[slot], mine, memory_order_acq_rel);

        free_batch(other, (int)(n & 1));
    }
    if (thread_idx == 0)
        scenario_note_rss();
}

int main(int argc, char **argv)
{
    struct scenario s;

    scenario_start(&s, "sh8bench", argc, argv);
    slots = (size_t)s.threads * SLOTS_PER_THREAD;
    batches_per_thread = scenario_scaled(&s, 360000.0 / s.threads);
    scenario_run_threads(s.threads, work);
    for (size_t i = 0; i < slots; i++)
        free_batch(atomic_load_explicit(&table[i], memory_order_relaxed), 0);
    scenario_report(&s);
    return 0;
}
