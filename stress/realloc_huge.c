/* realloc_huge: big blocks grow and shrink, in place, by mremap, and by copy.
 *
 * Claim: realloc keeps the contents up to the smaller size whichever way it goes: a run grown or shrunk
 * where it stands, a huge block moved by mremap, a copy across the border between pools, runs and huge
 * blocks.  Threads that do so at once, and hand blocks to each other between two reallocs, do not
 * disturb each other, and the account of runs and huge blocks is exact at rest.
 *
 * If it were false: "contents" after a realloc, "overlap" when a range was given to two, or "account".
 *
 * The line at the end says how many reallocs stayed in place and how many moved.
 *
 * Replay: the seed; a thread's draws are those of (seed, phase, number).
 */
#include "allocator.h"
#include "harness.h"
#include "workload.h"

enum { BLOCKS = 8, STEPS = 400 };

struct resizer {
    struct worker worker; /* its table, its generator, the hand-over */
    uint64_t stayed, moved;
};

static const struct stress_settings *settings;
static struct exchange exchange;
static struct resizer resizers[STRESS_THREADS_MAX];
static uint64_t phase;

static size_t draw_size(struct stress_random *random)
{
    size_t largest = (size_t)(settings->smoke ? 8 : 48) << 20;
    switch (stress_random_below(random, 8)) {
    case 0:
        return 1 + stress_random_below(random, 32768);
    case 1:
    case 2:
    case 3:
        return stress_random_size(random, 32769, (size_t)1 << 20);
    default:
        return stress_random_size(random, (size_t)1 << 20, largest);
    }
}

/* A little more or less than now as often as something else altogether: both kinds of neighbours. */
static size_t next_size(struct stress_random *random, size_t size)
{
    const size_t slot = 65536;
    if (stress_random_chance(random, 1, 2))
        return draw_size(random);
    if (stress_random_chance(random, 1, 2))
        return size + 1 + stress_random_below(random, 4 * slot);
    return size > 4 * slot ? size - stress_random_below(random, 4 * slot) : size / 2 + 1;
}

static void resize_block(struct resizer *resizer, struct block *block)
{
    size_t size = next_size(&resizer->worker.random, block->size);
    unsigned char *before = block->start;
    stress_block_leave(block);
    stress_doing("realloc");
    stress_block_resized(block, stress_allocator.realloc(before, size), size);
    resizer->stayed += block->start == before;
    resizer->moved += block->start != before;
}

static void step(struct resizer *resizer)
{
    struct stress_random *random = &resizer->worker.random;
    size_t i = stress_random_below(random, BLOCKS);
    struct block *block = resizer->worker.table[i];
    unsigned kind = (unsigned)stress_random_below(random, 16);
    if (kind < 3) {
        stress_trade(&resizer->worker, i);
    } else if (block->start == NULL) {
        size_t size = draw_size(random);
        stress_doing("malloc");
        stress_block_got(block, stress_allocator.malloc(size), size, 1);
    } else if (kind == 3) {
        stress_record_free(block, random);
    } else {
        resize_block(resizer, block);
    }
}

static void run_resizer(unsigned number)
{
    struct resizer *resizer = &resizers[number];
    stress_seat_take(number);
    resizer->worker.random = stress_random_at(settings->seed, phase, number);
    for (unsigned i = 0; i < STEPS; i++)
        step(resizer);
    stress_seat_leave();
}

static void run_phase(void)
{
    struct stress_random random = stress_random_at(settings->seed, phase, 1U << 20);
    stress_team_run(settings->threads, run_resizer);
    stress_rest_check("account after the threads' exit");
    stress_rest_free(&random, 64);
    stress_rest_check("account after foreign frees");
}

static void run(const struct stress_settings *given)
{
    uint64_t stayed = 0, moved = 0;
    settings = given;
    stress_exchange_make(&exchange, 2 * given->threads);
    for (unsigned i = 0; i < given->threads; i++)
        stress_worker_make(&resizers[i].worker, BLOCKS, &exchange, 0);
    for (; phase == 0 || stress_seconds() < given->seconds; phase++)
        run_phase();
    stress_rest_end(given->seed);
    for (unsigned i = 0; i < given->threads; i++) {
        stayed += resizers[i].stayed;
        moved += resizers[i].moved;
    }
    stress_report("phases=%llu stayed=%llu moved=%llu", (unsigned long long)phase,
                  (unsigned long long)stayed, (unsigned long long)moved);
}

const struct stress_program stress_program = {
    .name = "realloc_huge",
    .seconds = 60,
    .smoke_seconds = 4,
    .threads = 4,
    .run = run,
};
