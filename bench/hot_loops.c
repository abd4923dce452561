/*
 * hot_loops: the shortest loops over malloc and free, one pair after the other.
 *
 *   a  malloc(32), freed at once
 *   b  100 x 64 bytes, freed in the order of allocation
 *   c  100 x random 16-512 bytes, freed in order
 *   d  100 x random 1024-8192 bytes, freed in order
 *   e  one thread allocates 64 bytes, another frees
 *   f  the same with random 16-512 bytes
 *
 * Blocks are not touched.  Sizes are drawn before the clock starts.  `empty` runs the same loop
 * with a nop for each call instruction, so that of a call the jump through the PLT and what lies
 * behind it remain.  `both` runs the two in turn and prints the nanoseconds per pair with the
 * empty loop subtracted, the median of seven.  Under callgrind (bench/instructions) plain runs
 * of different length are subtracted instead.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCKS = 100, SIZES = 128 * BLOCKS, CHUNK = 256, CHUNKS = 32, REPEATS = 7 };

struct loop {
    const char *name;
    size_t low, high;
    void (*run)(size_t pairs);
    void (*run_empty)(size_t pairs);
    clockid_t clock; /* one thread: its CPU time, which others on the machine disturb less */
};

static size_t sizes[SIZES];

/* What the compiler must take for a use and a change of the value. */
static inline void *opaque(void *value)
{
    __asm__ volatile("" : "+r"(value));
    return value;
}

/* The same with one instruction: it stands for the call instruction in the empty loops. */
static inline void *stand_in(void *value)
{
    __asm__ volatile("nop" : "+r"(value));
    return value;
}

static void run_at_once(size_t pairs)
{
    for (; pairs > 0; pairs--) {
        void *p = opaque(malloc(32));

        free(p);
    }
}

static void run_at_once_empty(size_t pairs)
{
    for (; pairs > 0; pairs--) {
        stand_in(stand_in((void *)32));
    }
}

static void run_in_order(size_t pairs)
{
    void *blocks[BLOCKS];
    const size_t *size = sizes;

    for (; pairs > 0; pairs -= BLOCKS) {
        for (size_t i = 0; i < BLOCKS; i++)
            blocks[i] = malloc(size[i]);
        for (size_t i = 0; i < BLOCKS; i++)
            free(blocks[i]);
        size = size + BLOCKS == sizes + SIZES ? sizes : size + BLOCKS;
    }
}

static void run_in_order_empty(size_t pairs)
{
    void *blocks[BLOCKS];
    const size_t *size = sizes;

    for (; pairs > 0; pairs -= BLOCKS) {
        for (size_t i = 0; i < BLOCKS; i++)
            blocks[i] = stand_in((void *)size[i]);
        for (size_t i = 0; i < BLOCKS; i++)
            stand_in(blocks[i]);
        size = size + BLOCKS == sizes + SIZES ? sizes : size + BLOCKS;
    }
}

/* One producer, one consumer: chunks of pointers in a ring, two counters. */
static struct {
    void *chunks[CHUNKS][CHUNK];
    _Alignas(64) atomic_size_t produced;
    _Alignas(64) atomic_size_t consumed;
} ring;
static size_t chunks_in_all;

/* Separate functions, so that callgrind can count in them and not in the waiting. */
__attribute__((noinline)) void produce_chunk(void **chunk, const size_t *size);
__attribute__((noinline)) void consume_chunk(void **chunk);
__attribute__((noinline)) void produce_chunk_empty(void **chunk, const size_t *size);
__attribute__((noinline)) void consume_chunk_empty(void **chunk);

void produce_chunk(void **chunk, const size_t *size)
{
    for (size_t i = 0; i < CHUNK; i++)
        chunk[i] = malloc(size[i]);
}

void consume_chunk(void **chunk)
{
    for (size_t i = 0; i < CHUNK; i++)
        free(chunk[i]);
}

void produce_chunk_empty(void **chunk, const size_t *size)
{
    for (size_t i = 0; i < CHUNK; i++)
        chunk[i] = stand_in((void *)size[i]);
}

void consume_chunk_empty(void **chunk)
{
    for (size_t i = 0; i < CHUNK; i++)
        stand_in(chunk[i]);
}

static void wait_until(atomic_size_t *counter, size_t least)
{
    for (unsigned tries = 0; atomic_load_explicit(counter, memory_order_acquire) < least; tries++) {
        if (tries < 1000)
            __builtin_ia32_pause();
        else
            sched_yield();
    }
}

static void *consume(void *argument)
{
    void (*consume_one)(void **) = *(void (**)(void **))argument;

    for (size_t n = 0; n < chunks_in_all; n++) {
        wait_until(&ring.produced, n + 1);
        consume_one(ring.chunks[n % CHUNKS]);
        atomic_store_explicit(&ring.consumed, n + 1, memory_order_release);
    }
    return NULL;
}

static void run_pipeline(size_t pairs, void (*produce_one)(void **, const size_t *),
                         void (*consume_one)(void **))
{
    pthread_t consumer;

    chunks_in_all = pairs / CHUNK;
    atomic_store(&ring.produced, 0);
    atomic_store(&ring.consumed, 0);
    if (pthread_create(&consumer, NULL, consume, &consume_one) != 0)
        abort();
    for (size_t n = 0; n < chunks_in_all; n++) {
        if (n >= CHUNKS)
            wait_until(&ring.consumed, n - CHUNKS + 1);
        produce_one(ring.chunks[n % CHUNKS], sizes + (n * CHUNK) % (SIZES - CHUNK));
        atomic_store_explicit(&ring.produced, n + 1, memory_order_release);
    }
    pthread_join(consumer, NULL);
}

static void run_across(size_t pairs)
{
    run_pipeline(pairs, produce_chunk, consume_chunk);
}

static void run_across_empty(size_t pairs)
{
    run_pipeline(pairs, produce_chunk_empty, consume_chunk_empty);
}

static const struct loop loops[] = {
    {"a", 32, 32, run_at_once, run_at_once_empty, CLOCK_THREAD_CPUTIME_ID},
    {"b", 64, 64, run_in_order, run_in_order_empty, CLOCK_THREAD_CPUTIME_ID},
    {"c", 16, 512, run_in_order, run_in_order_empty, CLOCK_THREAD_CPUTIME_ID},
    {"d", 1024, 8192, run_in_order, run_in_order_empty, CLOCK_THREAD_CPUTIME_ID},
    {"e", 64, 64, run_across, run_across_empty, CLOCK_MONOTONIC},
    {"f", 16, 512, run_across, run_across_empty, CLOCK_MONOTONIC},
};

static void draw_sizes(const struct loop *loop)
{
    uint64_t state = UINT64_C(88172645463325252);

    for (size_t i = 0; i < SIZES; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        sizes[i] = loop->low + (size_t)(state >> 33) % (loop->high - loop->low + 1);
    }
}

static double ns_of(clockid_t clock, void (*run)(size_t), size_t pairs)
{
    struct timespec start, end;

    clock_gettime(clock, &start);
    run(pairs);
    clock_gettime(clock, &end);
    return (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double measure_ns_per_pair(const struct loop *loop, size_t pairs)
{
    double ns[REPEATS];

    loop->run(CHUNK * BLOCKS);
    for (size_t i = 0; i < REPEATS; i++)
        ns[i] =
            (ns_of(loop->clock, loop->run, pairs) - ns_of(loop->clock, loop->run_empty, pairs)) /
            (double)pairs;
    qsort(ns, REPEATS, sizeof ns[0], compare_doubles);
    return ns[REPEATS / 2];
}

int main(int argc, char **argv)
{
    const struct loop *loop = NULL;
    size_t pairs;

    for (size_t i = 0; argc == 4 && i < sizeof loops / sizeof *loops; i++) {
        if (strcmp(argv[1], loops[i].name) == 0)
            loop = &loops[i];
    }
    if (loop == NULL) {
        fprintf(stderr, "usage: hot_loops a|b|c|d|e|f PAIRS calls|empty|both\n");
        return 2;
    }
    /* Whole rounds of every loop. */
    pairs = strtoul(argv[2], NULL, 10) / (CHUNK * BLOCKS) * (CHUNK * BLOCKS);
    draw_sizes(loop);
    if (strcmp(argv[3], "calls") == 0)
        loop->run(pairs);
    else if (strcmp(argv[3], "empty") == 0)
        loop->run_empty(pairs);
    else
        printf("ns_per_pair=%.2f ", measure_ns_per_pair(loop, pairs));
    printf("loop=%s\n", loop->name);
    return 0;
}
