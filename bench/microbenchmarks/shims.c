/* shims: the loops of one thread, and the table of all.  shims.h says what a shim is. */
#include "shims.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

enum { AT_ONCE = 100, FEW = 10, GROWTHS_TO_64K = 21, GROWTHS_TO_4M = 11, KIB = 1024 };

/* The least that a program does with a block. */
static void *touched(void *p, size_t size)
{
    volatile char *bytes = p;

    if (p == NULL)
        abort();
    bytes[0] = 1;
    bytes[size - 1] = 1;
    return p;
}

static void run_pairs(const struct shim *shim, struct shim_thread *thread)
{
    for (size_t i = 0; i < shim->pairs; i++) {
        thread->blocks[0] = malloc(thread->sizes[i % SHIM_BLOCKS]);
        free(thread->blocks[0]);
    }
}

/* Blocks so big that their pages matter: the ends are touched. */
static void run_touched_pairs(const struct shim *shim, struct shim_thread *thread)
{
    for (size_t i = 0; i < shim->pairs; i++)
        free(touched(malloc(thread->sizes[i]), thread->sizes[i]));
}

static void fill_batch(const struct shim *shim, struct shim_thread *thread)
{
    for (size_t i = 0; i < shim->pairs; i++)
        thread->blocks[i] = malloc(thread->sizes[i]);
}

static void run_batch_fifo(const struct shim *shim, struct shim_thread *thread)
{
    fill_batch(shim, thread);
    for (size_t i = 0; i < shim->pairs; i++)
        free(thread->blocks[i]);
}

static void run_batch_lifo(const struct shim *shim, struct shim_thread *thread)
{
    fill_batch(shim, thread);
    for (size_t i = shim->pairs; i-- > 0;)
        free(thread->blocks[i]);
}

/* All SHIM_BLOCKS, since the order is one of all. */
static void run_batch_random(const struct shim *shim, struct shim_thread *thread)
{
    fill_batch(shim, thread);
    for (size_t i = 0; i < SHIM_BLOCKS; i++)
        free(thread->blocks[thread->order[i]]);
}

static void run_calloc(const struct shim *shim, struct shim_thread *thread)
{
    for (size_t i = 0; i < shim->pairs; i++)
        thread->blocks[i] = calloc(1, thread->sizes[i]);
    for (size_t i = 0; i < shim->pairs; i++)
        free(thread->blocks[i]);
}

/* A buffer grows by half from the low size until it has the high one, as a string builder's does; each growth
 * counts as a pair. */
static void run_growth(const struct shim *shim, struct shim_thread *thread)
{
    size_t size = shim->low;
    void *p = touched(malloc(size), size);

    (void)thread;
    while (size < shim->high) {
        size += size / 2;
        p = touched(realloc(p, size), size);
    }
    free(p);
}

static void run_aligned(const struct shim *shim, struct shim_thread *thread)
{
    for (size_t i = 0; i < shim->pairs; i++)
        thread->blocks[i] = aligned_alloc(shim->low, shim->high);
    for (size_t i = 0; i < shim->pairs; i++)
        free(thread->blocks[i]);
}

/* A question about each block of a batch, beside its pair. */
static void run_usable_size(const struct shim *shim, struct shim_thread *thread)
{
    fill_batch(shim, thread);
    for (size_t i = 0; i < shim->pairs; i++)
        thread->random += malloc_usable_size(thread->blocks[i]);
    for (size_t i = 0; i < shim->pairs; i++)
        free(thread->blocks[i]);
}

static void *live(void *size)
{
    free(touched(malloc((size_t)size), (size_t)size));
    return NULL;
}

static void run_birth(const struct shim *shim, struct shim_thread *thread)
{
    pthread_t other;

    (void)thread;
    if (pthread_create(&other, NULL, live, (void *)shim->low) != 0)
        abort();
    pthread_join(other, NULL);
}

#define PAIRS(bytes)                                                                               \
    {                                                                                              \
        "pairs/" #bytes, run_pairs, bytes, bytes, AT_ONCE, 1, SHIM_THREADS_MAX                     \
    }
#define TO_16 1, SHIM_THREADS_MAX

const struct shim shim_table[] = {
    PAIRS(8),
    PAIRS(16),
    PAIRS(32),
    PAIRS(64),
    PAIRS(128),
    PAIRS(256),
    PAIRS(512),
    PAIRS(1024),
    PAIRS(2048),
    PAIRS(4096),
    PAIRS(8192),
    PAIRS(16384),
    PAIRS(32768),
    {"batch_fifo/64", run_batch_fifo, 64, 64, AT_ONCE, TO_16},
    {"batch_lifo/64", run_batch_lifo, 64, 64, AT_ONCE, TO_16},
    {"batch_random/64", run_batch_random, 64, 64, SHIM_BLOCKS, TO_16},
    {"batch_fifo/1024", run_batch_fifo, 1024, 1024, AT_ONCE, TO_16},
    {"batch_lifo/1024", run_batch_lifo, 1024, 1024, AT_ONCE, TO_16},
    {"batch_random/1024", run_batch_random, 1024, 1024, SHIM_BLOCKS, TO_16},
    {"mixed_fifo/16-512", run_batch_fifo, 16, 512, AT_ONCE, TO_16},
    {"mixed_random/16-512", run_batch_random, 16, 512, SHIM_BLOCKS, TO_16},
    {"mixed_fifo/1-8K", run_batch_fifo, KIB, 8 * KIB, AT_ONCE, TO_16},
    {"mixed_random/1-8K", run_batch_random, KIB, 8 * KIB, SHIM_BLOCKS, TO_16},
    {"calloc/64", run_calloc, 64, 64, AT_ONCE, TO_16},
    {"calloc/4096", run_calloc, 4096, 4096, AT_ONCE, TO_16},
    {"realloc_growth/16-64K", run_growth, 16, 64 * KIB, GROWTHS_TO_64K, TO_16},
    {"realloc_growth/64K-4M", run_growth, 64 * KIB, 4096 * KIB, GROWTHS_TO_4M, TO_16},
    {"aligned/64", run_aligned, 64, 192, AT_ONCE, TO_16},
    {"aligned/4096", run_aligned, 4096, 8192, FEW, TO_16},
    {"usable_size/16-512", run_usable_size, 16, 512, AT_ONCE, TO_16},
    {"large/64K", run_touched_pairs, 64 * KIB, 64 * KIB, FEW, TO_16},
    {"large/100-900K", run_touched_pairs, 100 * KIB, 900 * KIB, FEW, TO_16},
    {"huge/2-8M", run_touched_pairs, 2048 * KIB, 8192 * KIB, FEW, TO_16},
    {"hand_over_1_to_1/64", shim_hand_one_to_one, 64, 64, 0, 2, SHIM_THREADS_MAX},
    {"hand_over_1_to_N/64", shim_hand_one_to_many, 64, 64, 0, 2, SHIM_THREADS_MAX},
    {"hand_over_N_to_1/64", shim_hand_many_to_one, 64, 64, 0, 2, SHIM_THREADS_MAX},
    {"hand_over_ring/64", shim_hand_round, 64, 64, 0, TO_16},
    {"hand_over_1_to_1/16-512", shim_hand_one_to_one, 16, 512, 0, 2, SHIM_THREADS_MAX},
    {"hand_over_ring/16-512", shim_hand_round, 16, 512, 0, TO_16},
    {"thread_birth/64", run_birth, 64, 64, 1, TO_16},
};
const size_t shim_count = sizeof shim_table / sizeof *shim_table;

size_t shim_pairs(const struct shim *shim, const struct shim_thread *thread)
{
    return shim->pairs != 0 ? shim->pairs : shim_handed_pairs(shim, thread);
}

static size_t draw_below(uint64_t *random, size_t limit)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return (size_t)((*random >> 33) % limit);
}

void shim_thread_init(const struct shim *shim, struct shim_thread *thread, size_t idx,
                      size_t threads)
{
    thread->idx = idx;
    thread->threads = threads;
    thread->random = UINT64_C(0x9e3779b97f4a7c15) * (idx + 1);
    for (size_t i = 0; i < SHIM_BLOCKS; i++) {
        size_t other = draw_below(&thread->random, i + 1);

        thread->sizes[i] = shim->low + draw_below(&thread->random, shim->high - shim->low + 1);
        thread->order[i] = thread->order[other];
        thread->order[other] = i;
    }
}
