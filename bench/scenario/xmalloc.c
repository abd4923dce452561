/*
 * xmalloc: some threads only allocate, others only free.
 *
 * Models Lever and Boreham, "malloc() Performance in a Multithreaded Linux Environment"
 * (USENIX 2000): producers fill batches with blocks and queue them, consumers take batches
 * and free every block.  Every single free is a free of another thread's block, the extreme
 * of what message queues and work pipelines do.
 *
 * N producers, N consumers, batches of 512 blocks of 64 bytes (--variant mixed: 16-512), at
 * most 8 batches per producer under way: about 260 KiB of live blocks per producer, so an
 * allocator whose memory grows here piles up what comes back.
 */
#include "scenario.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS_PER_BATCH = 512, BATCHES_PER_PRODUCER = 8 };

struct batch {
    void *blocks[BLOCKS_PER_BATCH];
};

/* A bounded queue under a lock: one lock per 512 blocks is not what is measured. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t not_empty, not_full;
    struct batch *slots[SCENARIO_THREADS_MAX * BATCHES_PER_PRODUCER];
    size_t capacity, count, first;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER,
           .not_empty = PTHREAD_COND_INITIALIZER,
           .not_full = PTHREAD_COND_INITIALIZER};

static size_t batches_per_thread;
static size_t producers;
static size_t high_bytes = 64, low_bytes = 64;

static void push_batch(struct batch *batch)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.count == queue.capacity)
        pthread_cond_wait(&queue.not_full, &queue.lock);
    queue.slots[(queue.first + queue.count) % queue.capacity] = batch;
    queue.count++;
    pthread_cond_signal(&queue.not_empty);
    pthread_mutex_unlock(&queue.lock);
}

static struct batch *pop_batch(void)
{
    struct batch *batch;

    pthread_mutex_lock(&queue.lock);
    while (queue.count == 0)
        pthread_cond_wait(&queue.not_empty, &queue.lock);
    batch = queue.slots[queue.first];
    queue.first = (queue.first + 1) % queue.capacity;
    queue.count--;
    pthread_cond_signal(&queue.not_full);
    pthread_mutex_unlock(&queue.lock);
    return batch;
}

static void produce(size_t thread_idx)
{
    uint64_t random = scenario_seed(thread_idx);

    for (size_t n = 0; n < batches_per_thread; n++) {
        struct batch *batch = scenario_check(malloc(sizeof *batch));

        for (size_t i = 0; i < BLOCKS_PER_BATCH; i++) {
            size_t size = scenario_between(&random, low_bytes, high_bytes);

            batch->blocks[i] = scenario_check(malloc(size));
            scenario_touch(batch->blocks[i], size);
        }
        push_batch(batch);
    }
}

static void consume(size_t thread_idx)
{
    for (size_t n = 0; n < batches_per_thread; n++) {
        struct batch *batch = pop_batch();

        if (thread_idx == producers && n % 1024 == 0)
            scenario_note_rss();
        for (size_t i = 0; i < BLOCKS_PER_BATCH; i++)
            free(batch->blocks[i]);
        free(batch);
    }
}

static void work(size_t thread_idx)
{
    if (thread_idx < producers)
        produce(thread_idx);
    else
        consume(thread_idx);
}

int main(int argc, char **argv)
{
    struct scenario s;

    scenario_start(&s, "xmalloc", argc, argv);
    if (strcmp(s.variant, "mixed") == 0) {
        low_bytes = 16;
        high_bytes = 512;
    }
    producers = s.threads;
    queue.capacity = producers * BATCHES_PER_PRODUCER;
    batches_per_thread = scenario_scaled(&s, 90000.0 / (double)producers);
    scenario_run_threads(2 * s.threads, work);
    scenario_report(&s);
    return 0;
}
