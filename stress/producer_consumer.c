/* producer_consumer: some threads only allocate, others only free, and memory stays flat.
 *
 * Claim: when every block is freed by another thread than the one that allocated it, blocks come back
 * into use; resident memory is level after the first seconds and in proportion to what is live.
 *
 * If it were false, the printed series would climb: freed blocks would strand in the consumers' pools
 * (or the producers' would never be adopted), the failure of schemes without adoption or with a quota in
 * pools.  Contents and the account at the end are checked as everywhere.
 *
 * Bound, asserted where the allocator is epmalloc and printed everywhere.  Time is counted in turnovers: in each as many
 * blocks a producer were freed as one ring holds.  After the warm-up, a tenth of the run but at least 100 turnovers:
 *   level   resident <= before the run + 1.25 x most live + max(8 MiB, 25 % of it) (options retain and
 *                       retain_percent, as they are set) + what threads may hold (thread_bytes, thread_percent)
 *                       + 7 MiB per producer (a current pool of each class) + 4 MiB
 *   flat    most of the second half <= most from the warm-up to half + 5 % + 2 MiB, a quarter of what retain lets stay
 * A run is not over before 400 turnovers, however slow the machine is.
 *
 * At the beginning the producers fill all rings before anybody frees, so that the most that is ever live
 * is live then, and nothing that happens later has reason to need more.
 *
 * Replay: the seed; --threads 2 is one producer and one consumer, more are N producers and M consumers
 * in all pairs.  A producer's draws are those of (seed, 0, number).
 */
#include <sched.h>

#include "allocator.h"
#include "harness.h"
#include "memory.h"
#include "oracle.h"
#include "random.h"

enum {
    RING_BLOCKS = 4096,
    MOST_SIDE = STRESS_THREADS_MAX / 2,
    WARM_UP_TURNOVERS = 100,
    LEAST_TURNOVERS = 400
};

/* One producer, one consumer.  The records stand in the ring itself. */
struct ring_spsc {
    _Alignas(64) _Atomic(uint64_t) put;   /* producer writes */
    _Alignas(64) _Atomic(uint64_t) taken; /* consumer writes */
    struct block blocks[RING_BLOCKS];
};

struct side {
    _Atomic(uint64_t) bytes; /* usable bytes allocated, or freed; the owner writes */
    _Atomic(uint64_t) blocks;
};

static const struct stress_settings *settings;
static unsigned producers, consumers;
static struct ring_spsc *rings; /* [producer][consumer] */
static struct side producing[MOST_SIDE], consuming[MOST_SIDE];
static _Atomic(unsigned) unfilled; /* producers that have not filled their rings yet */
static atomic_bool stop;           /* producers end */
static atomic_bool drained;        /* producers have ended: what is in the rings now is the rest */

static void count_block(struct side *side, size_t bytes)
{
    /* order: relaxed -- own value; the sampler may be late */
    uint64_t old_bytes = ep__load_relaxed(&side->bytes);
    /* order: relaxed -- see above */
    ep__store_relaxed(&side->bytes, old_bytes + bytes);
    /* order: relaxed -- see above */
    uint64_t old_blocks = ep__load_relaxed(&side->blocks);
    /* order: relaxed -- see above */
    ep__store_relaxed(&side->blocks, old_blocks + 1);
}

/* False when the ring holds `depth` blocks already. */
static bool put_block(struct ring_spsc *ring, uint64_t depth, size_t size, struct side *side)
{
    /* order: relaxed -- own value */
    uint64_t put = ep__load_relaxed(&ring->put);
    /* order: acquire RT -- with take_block(): the record is free to be written again */
    if (put - ep__load_acquire(&ring->taken) >= depth)
        return false;
    struct block *block = &ring->blocks[put % RING_BLOCKS];
    stress_doing("malloc");
    stress_block_got(block, stress_allocator.malloc(size), size, 1);
    count_block(side, block->usable);
    /* order: release RP -- with take_block(): carries the record and the block's contents */
    ep__store_release(&ring->put, put + 1);
    return true;
}

static bool take_block(struct ring_spsc *ring, struct side *side)
{
    /* order: relaxed -- own value */
    uint64_t taken = ep__load_relaxed(&ring->taken);
    /* order: acquire RP -- with put_block(): the record and the block's contents */
    if (ep__load_acquire(&ring->put) == taken)
        return false;
    struct block *block = &ring->blocks[taken % RING_BLOCKS];
    size_t usable = block->usable;
    void *start = stress_block_give(block);
    stress_doing("free");
    stress_allocator.free(start);
    count_block(side, usable);
    /* order: release RT -- with put_block(): the record may be written again */
    ep__store_release(&ring->taken, taken + 1);
    return true;
}

static size_t draw_size(struct stress_random *random)
{
    unsigned kind = (unsigned)stress_random_below(random, 256);
    if (kind < 250)
        return stress_random_size(random, 16, 2048);
    if (kind < 255)
        return stress_random_size(random, 2048, 32768);
    return stress_random_size(random, 32768, (size_t)256 << 10);
}

static void fill_rings(unsigned number, struct stress_random *random)
{
    for (unsigned i = 0; i < consumers; i++)
        while (put_block(&rings[number * consumers + i], RING_BLOCKS, draw_size(random),
                         &producing[number])) {
        }
    /* order: relaxed -- the consumers only begin; what they take has an edge of its own */
    (void)ep__fetch_sub_relaxed(&unfilled, 1);
}

/* How full the rings may become changes all the time, so that pools fill and drain. */
static void produce(unsigned number)
{
    struct stress_random random = stress_random_at(settings->seed, 0, number);
    uint64_t depth = RING_BLOCKS;
    stress_seat_take(number);
    fill_rings(number, &random);
    /* order: relaxed -- a late end is an end */
    while (!ep__load_relaxed(&stop)) {
        size_t consumer = stress_random_below(&random, consumers);
        struct ring_spsc *ring = &rings[number * consumers + consumer];
        if (stress_random_chance(&random, 1, 8192))
            depth = stress_random_size(&random, 1, RING_BLOCKS);
        if (!put_block(ring, depth, draw_size(&random), &producing[number])) {
            stress_doing("waiting for a consumer");
            (void)sched_yield();
        }
    }
    stress_seat_leave();
}

static bool take_from_all(unsigned number)
{
    bool any = false;
    for (unsigned i = 0; i < producers; i++)
        any |= take_block(&rings[i * consumers + number], &consuming[number]);
    return any;
}

static void consume(unsigned number)
{
    stress_seat_take(MOST_SIDE + number);
    /* order: relaxed -- see fill_rings() */
    while (ep__load_relaxed(&unfilled) != 0) {
        stress_doing("waiting for the first producers");
        (void)sched_yield();
    }
    for (;;) {
        /* order: acquire RE -- with run(): whatever was put before is seen by the take that follows */
        bool last = ep__load_acquire(&drained);
        if (take_from_all(number))
            continue;
        if (last)
            break;
        stress_doing("waiting for a producer");
        (void)sched_yield();
    }
    stress_seat_leave();
}

static uint64_t sum_bytes(struct side *sides, unsigned count)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < count; i++) {
        /* order: relaxed -- a sample */
        sum += ep__load_relaxed(&sides[i].bytes);
    }
    return sum;
}

static uint64_t sum_blocks(struct side *sides, unsigned count)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < count; i++) {
        /* order: relaxed -- a sample */
        sum += ep__load_relaxed(&sides[i].blocks);
    }
    return sum;
}

static double count_turnovers(void)
{
    return (double)sum_blocks(consuming, consumers) / RING_BLOCKS / producers;
}

static bool is_over(double start)
{
    if (stress_seconds() - start < settings->seconds)
        return false;
    return !stress_is_bounded() || count_turnovers() >= LEAST_TURNOVERS;
}

/* Samples resident memory until the end, and reads the account beside the running threads; keeps the
 * account of the moment when most was resident.  Returns the most that was live at the samples, which
 * are dense, because rings fill and drain in milliseconds. */
static size_t sample_run(struct stress_series *series, struct ep_stats *account)
{
    double start = stress_seconds();
    double step = settings->seconds / 400 > 0.01 ? settings->seconds / 400 : 0.01;
    double next = start;
    uint64_t most = 0;
    size_t most_resident = 0;
    while (!is_over(start)) {
        stress_sleep(0.001);
        uint64_t freed = sum_bytes(consuming, consumers);
        uint64_t got = sum_bytes(producing, producers);
        most = got > freed && got - freed > most ? got - freed : most;
        if (stress_seconds() < next)
            continue;
        next += step;
        stress_series_add(series, count_turnovers());
        size_t resident = series->bytes[series->count - 1];
        if (resident <= most_resident)
            continue;
        most_resident = resident;
        (void)stress_allocator.account(account);
    }
    return (size_t)most;
}

static void check_bounds(const struct stress_series *series, size_t before, size_t live)
{
    const size_t mib = (size_t)1 << 20;
    double end = count_turnovers();
    double warm_up = end / 10 < WARM_UP_TURNOVERS ? WARM_UP_TURNOVERS : end / 10;
    size_t early = stress_series_most(series, warm_up, end / 2);
    size_t late = stress_series_most(series, end / 2, end);
    size_t most = early > late ? early : late;
    size_t level = before + live + live / 4 + (4 + 7 * producers) * mib +
                   stress_retained_bytes(live, producers + consumers);
    size_t flat = early + early / 20 + 2 * mib;
    stress_series_print(series);
    stress_report("turnovers=%.0f live_mib=%.1f resident_mib=%.1f level_bound_mib=%.1f "
                  "late_mib=%.1f flat_bound_mib=%.1f",
                  end, (double)live / (double)mib, (double)most / (double)mib,
                  (double)level / (double)mib, (double)late / (double)mib,
                  (double)flat / (double)mib);
    stress_bound("level", most, level);
    stress_bound("flat", late, flat);
}

static void run(const struct stress_settings *given)
{
    struct stress_team producer_threads, consumer_threads;
    settings = given;
    producers = (given->threads + 1) / 2;
    consumers = given->threads / 2 > 0 ? given->threads / 2 : 1;
    stress_has_registry = false;
    /* order: relaxed -- no other thread exists yet */
    ep__store_relaxed(&unfilled, producers);
    rings = stress_map_resident(sizeof *rings * producers * consumers);
    struct stress_series *series = stress_map_resident(sizeof *series);
    size_t before = stress_resident_bytes();

    stress_team_start(&consumer_threads, consumers, consume);
    stress_team_start(&producer_threads, producers, produce);
    struct ep_stats account = {0};
    size_t live = sample_run(series, &account);
    /* order: relaxed -- it tells nothing but to end */
    ep__store_relaxed(&stop, true);
    stress_team_join(&producer_threads);
    /* order: release RE -- with consume(): the producers' last puts, which the join ordered */
    ep__store_release(&drained, true);
    stress_team_join(&consumer_threads);

    struct stress_tally nothing = {0};
    stress_tally_check(&nothing, "account of the empty heap");
    stress_report("producers=%u consumers=%u blocks=%llu", producers, consumers,
                  (unsigned long long)sum_blocks(producing, producers));
    stress_account_say(&account);
    check_bounds(series, before, live);
}

const struct stress_program stress_program = {
    .name = "producer_consumer",
    .seconds = 60,
    .smoke_seconds = 4,
    .threads = 2,
    .run = run,
};
