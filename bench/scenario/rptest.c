/*
 * rptest: random sizes to 16,000 bytes, a part of them freed by other threads.
 *
 * Models the benchmark of the rpmalloc project (Jansson): each thread owns a set of blocks,
 * frees and allocates runs of them in a scattered order with sizes that fall off linearly
 * to 16,000 bytes, and every second round allocates another run and hands it to the next thread,
 * which frees it: a third of all blocks.
 *
 * 1000 blocks of 5.3 KB on average: 5 MB per thread, mostly classes above 1 KiB, where
 * allocators fall back to slow paths or round generously.
 */
#include "scenario.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
    BLOCKS = 1000,
    BLOCKS_PER_STEP = 100,
    STRIDE = 7,
    LOW_BYTES = 8,
    HIGH_BYTES = 16000,
    ROUNDS_PER_CROSS = 2,
    MOST_PARCELS = 8
};

struct parcel {
    struct parcel *next;
    void *blocks[BLOCKS_PER_STEP];
};

static struct {
    _Atomic(struct parcel *) first;
    atomic_size_t waiting; /* about how many parcels; read only to bound them */
} mailboxes[SCENARIO_THREADS_MAX];
static unsigned threads;
static size_t rounds;

/* The smaller of two even draws falls off linearly. */
static size_t draw_size(uint64_t *random)
{
    size_t a = scenario_between(random, LOW_BYTES, HIGH_BYTES);
    size_t b = scenario_between(random, LOW_BYTES, HIGH_BYTES);

    return a < b ? a : b;
}

static void *allocate_block(uint64_t *random)
{
    size_t size = draw_size(random);
    void *p = scenario_check(malloc(size));

    scenario_touch(p, size);
    return p;
}

static void replace_step(void **blocks, size_t at, uint64_t *random)
{
    for (size_t i = 0; i < BLOCKS_PER_STEP; i++)
        free(blocks[(at + i * STRIDE) % BLOCKS]);
    for (size_t i = 0; i < BLOCKS_PER_STEP; i++)
        blocks[(at + i * STRIDE) % BLOCKS] = allocate_block(random);
}

static void free_parcels(struct parcel *parcel)
{
    while (parcel != NULL) {
        struct parcel *next = parcel->next;

        for (size_t i = 0; i < BLOCKS_PER_STEP; i++)
            free(parcel->blocks[i]);
        free(parcel);
        parcel = next;
    }
}

static void empty_mailbox(size_t mailbox)
{
    atomic_store_explicit(&mailboxes[mailbox].waiting, 0, memory_order_relaxed);
    free_parcels(atomic_exchange_explicit(&mailboxes[mailbox].first, NULL, memory_order_acquire));
}

/* A sender that finds MOST_PARCELS waiting frees them itself: the live data stay bounded. */
static void send_parcel(size_t to, uint64_t *random)
{
    struct parcel *parcel = scenario_check(malloc(sizeof *parcel));

    for (size_t i = 0; i < BLOCKS_PER_STEP; i++)
        parcel->blocks[i] = allocate_block(random);
    parcel->next = atomic_load_explicit(&mailboxes[to].first, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&mailboxes[to].first, &parcel->next, parcel,
                                                  memory_order_release, memory_order_relaxed))
        ;
    if (atomic_fetch_add_explicit(&mailboxes[to].waiting, 1, memory_order_relaxed) >= MOST_PARCELS)
        empty_mailbox(to);
}

static void work(size_t thread_idx)
{
    uint64_t random = scenario_seed(thread_idx);
    void *blocks[BLOCKS] = {NULL};

    for (size_t n = 0; n < rounds; n++) {
        replace_step(blocks, scenario_below(&random, BLOCKS), &random);
        if (n % ROUNDS_PER_CROSS == 0)
            send_parcel((thread_idx + 1) % threads, &random);
        empty_mailbox(thread_idx);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
}

int main(int argc, char **argv)
{
    struct scenario s;

    scenario_start(&s, "rptest", argc, argv);
    threads = s.threads;
    rounds = scenario_scaled(&s, 270000.0 / threads);
    scenario_run_threads(threads, work);
    for (unsigned i = 0; i < threads; i++)
        empty_mailbox(i);
    scenario_report(&s);
    return 0;
}
