/* aligned: every function with an alignment, every power of two, from all threads at once.
 *
 * Claim: a block of an aligned allocation starts at a multiple of its alignment, is as big as it was asked for, and is
 * freed, resized and counted like any other, whichever thread frees it.
 *
 * If it were false: "alignment" or "overlap" would name the block, or the account at rest would not be what is live.
 *
 * Replay: the seed; thread i of phase n draws from (seed, n, i).
 */
#include "allocator.h"
#include "harness.h"
#include "workload.h"

enum { TABLE = 256, STEPS = 3000, ALIGNMENTS_LOG2 = 24 };

static const struct stress_settings *settings;
static struct exchange exchange;
static struct worker workers[STRESS_THREADS_MAX];
static uint64_t phase;

/* Half of the alignments are at most a page; a block is about as big as its alignment, or much smaller. */
static size_t draw_alignment(struct stress_random *random)
{
    unsigned most = stress_random_chance(random, 1, 2) ? 13 : ALIGNMENTS_LOG2;
    return (size_t)1 << stress_random_below(random, most);
}

static void get_block(struct worker *worker, struct block *block)
{
    struct stress_random *random = &worker->random;
    size_t alignment = draw_alignment(random);
    size_t largest = stress_random_chance(random, 1, 4) ? 2 * alignment : 4096;
    size_t size = stress_random_below(random, largest + 1);
    stress_doing("aligned allocation");
    stress_block_got(block, stress_aligned_get(random, alignment, size), size, alignment);
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
        stress_record_free(block, &worker->random);
    }
}

static void work(unsigned number)
{
    struct worker *worker = &workers[number];
    stress_seat_take(number);
    worker->random = stress_random_at(settings->seed, phase, number);
    for (unsigned i = 0; i < STEPS; i++)
        step(worker);
    stress_seat_leave();
}

static void run(const struct stress_settings *given)
{
    settings = given;
    stress_exchange_make(&exchange, 64);
    for (unsigned i = 0; i < given->threads; i++)
        stress_worker_make(&workers[i], TABLE, &exchange, 0);
    for (; phase == 0 || stress_seconds() < given->seconds; phase++) {
        stress_team_run(given->threads, work);
        stress_rest_check("account after the threads' exit");
    }
    stress_rest_end(given->seed);
    stress_report("phases=%llu", (unsigned long long)phase);
}

const struct stress_program stress_program = {
    .name = "aligned",
    .seconds = 60,
    .smoke_seconds = 3,
    .threads = 4,
    .run = run,
};
