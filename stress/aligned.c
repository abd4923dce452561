/* aligned: every function with an alignment, every power of two, from all threads at once.
 *
 * Claim: a block of an aligned allocation starts at a multiple of its alignment, is as big as it was asked for, and is
 * freed, resized and counted like any other, whichever thread frees it.
 *
 * If it were false: "alignment" or "overlap" would name the block, or the account at rest would not be what is live.
 *
 * Replay: the seed; thread i of phase n draws from (seed, n, i).
 */
#include <errno.h>

#include "allocator.h"
#include "harness.h"
#include "memory.h"
#include "workload.h"

enum { TABLE = 256, MOST_THREADS = 64, STEPS = 3000, ALIGNMENTS_LOG2 = 24 };

static const struct stress_settings *settings;
static struct exchange exchange;
static struct worker workers[MOST_THREADS];
static uint64_t phase;

/* Half of the alignments are at most a page; a block is about as big as its alignment, or much smaller. */
static size_t draw_alignment(struct stress_random *random)
{
    unsigned most = stress_random_chance(random, 1, 2) ? 13 : ALIGNMENTS_LOG2;
    return (size_t)1 << stress_random_below(random, most);
}

static void *call(struct stress_random *random, size_t alignment, size_t size)
{
    void *start = NULL;
    switch (stress_random_below(random, 3)) {
    case 0:
        return stress_allocator.aligned_alloc(alignment, size);
    case 1:
        if (alignment < sizeof(void *))
            return stress_allocator.memalign(alignment, size);
        errno = stress_allocator.posix_memalign(&start, alignment, size);
        return start;
    default:
        return stress_allocator.memalign(alignment, size);
    }
}

static void get_block(struct worker *worker, struct block *block)
{
    struct stress_random *random = &worker->random;
    size_t alignment = draw_alignment(random);
    size_t largest = stress_random_chance(random, 1, 4) ? 2 * alignment : 4096;
    size_t size = stress_random_below(random, largest + 1);
    stress_doing("aligned allocation");
    stress_block_got(block, call(random, alignment, size), size, alignment);
}

/* realloc forgets the alignment and keeps the contents. */
static void resize_block(struct worker *worker, struct block *block)
{
    size_t size = 1 + stress_random_below(&worker->random, 2 * block->size + 64);
    stress_block_leave(block);
    stress_doing("realloc");
    stress_block_resized(block, stress_allocator.realloc(block->start, size), size);
}

static void step(struct worker *worker)
{
    size_t i = stress_random_below(&worker->random, TABLE);
    struct block *block = worker->table[i];
    if (block->start == NULL) {
        get_block(worker, block);
    } else if (stress_random_chance(&worker->random, 1, 4)) {
        stress_trade(worker, i);
    } else if (stress_random_chance(&worker->random, 1, 8)) {
        resize_block(worker, block);
    } else {
        stress_table_free(&worker->table[i], 1, &worker->random, 256);
    }
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    stress_seat_take((unsigned)(worker - workers));
    worker->random = stress_random_at(settings->seed, phase, (uint64_t)(worker - workers));
    for (unsigned i = 0; i < STEPS; i++)
        step(worker);
    stress_seat_leave();
    return NULL;
}

static void check_rest(const char *when)
{
    struct stress_tally tally = {0};
    for (unsigned i = 0; i < settings->threads; i++)
        stress_table_tally(workers[i].table, TABLE, &tally);
    stress_exchange_tally(&exchange, &tally);
    stress_tally_check(&tally, when);
}

static void free_all(void)
{
    struct stress_random random = stress_random_at(settings->seed, 0, MOST_THREADS);
    for (unsigned i = 0; i < settings->threads; i++)
        stress_table_free(workers[i].table, TABLE, &random, 256);
    stress_exchange_free(&exchange, &random, 256);
    stress_allocator.thread_idle();
}

static void run(const struct stress_settings *given)
{
    pthread_t threads[MOST_THREADS];
    settings = given;
    stress_exchange_make(&exchange, 64);
    for (unsigned i = 0; i < given->threads; i++) {
        workers[i].table = stress_table_make(TABLE);
        workers[i].exchange = &exchange;
    }
    for (; phase == 0 || stress_seconds() < given->seconds; phase++) {
        for (unsigned i = 0; i < given->threads; i++)
            threads[i] = stress_thread_start(work, &workers[i]);
        for (unsigned i = 0; i < given->threads; i++)
            stress_thread_join(threads[i]);
        check_rest("account after the threads' exit");
    }
    free_all();
    check_rest("account of the empty heap");
    stress_report("phases=%llu", (unsigned long long)phase);
}

const struct stress_program stress_program = {
    .name = "aligned",
    .seconds = 60,
    .smoke_seconds = 3,
    .threads = 4,
    .run = run,
};
