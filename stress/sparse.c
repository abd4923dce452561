/* sparse: of pools in which few blocks are in use, the pages go back that no block is on, while everybody goes on.
 *
 * Claim: at rest, after every thread has become idle and one has purged, what is resident of the arenas is the system pages
 * that live blocks overlap; no block changes or is given out twice, whoever purges, idles, frees and allocates
 * meanwhile.
 *
 * If it were false: the printed line would show more resident memory than pages are pinned, or a block that was on a
 * page that has gone would have lost its contents, which the oracle sees.
 *
 * Shape: in each round every thread fills up to its share with blocks of one range of sizes and frees all but one of
 * 4 to 40 of them at random, three times, with a purge now and then and half of what it frees given to its neighbour, who
 * frees it.  So pools have several threads' hands in them when pages go back and are carved again.  Then all idle.
 *
 * Bound, asserted where the allocator is epmalloc and printed everywhere: resident at rest <= before the run + bytes of
 * the pages that live blocks overlap + 512 KiB per thread (control blocks, stacks) + 2 MiB (tables).
 *
 * Replay: the seed; a thread's draws are those of (seed, round, number).
 */
#include <stdlib.h>
#include <unistd.h>

#include "allocator.h"
#include "harness.h"
#include "memory.h"
#include "workload.h"

enum { RANGES = 5, TABLE = 100000, TIMES = 3 };

static const struct range {
    size_t low, high;
} ranges[RANGES] = {{16, 64}, {32, 512}, {512, 2048}, {2049, 8192}, {100, 32768}};

struct sower {
    struct stress_random random;
    size_t count;
    size_t bytes;
    struct block *table;
    size_t gift_count; /* for the next thread, which frees it */
    void **gifts;
};

static const struct stress_settings *settings;
static struct sower *sowers[STRESS_THREADS_MAX];
static uint64_t round_number;
static size_t live_limit; /* of one thread */
static pthread_barrier_t barrier;

static void wait_for_all(void)
{
    stress_doing("waiting for the others");
    (void)pthread_barrier_wait(&barrier);
}

static void fill_up(struct sower *sower)
{
    const struct range *range = &ranges[round_number % RANGES];
    while (sower->bytes < live_limit && sower->count < TABLE) {
        size_t size = stress_random_size(&sower->random, range->low, range->high);
        struct block *block = &sower->table[sower->count++];
        stress_doing("malloc");
        stress_block_got(block, stress_allocator.malloc(size), size, 1);
        sower->bytes += block->usable;
    }
}

/* Half of the blocks are freed by the next thread. */
static void drop_block(struct sower *sower, size_t i)
{
    sower->bytes -= sower->table[i].usable;
    void *start = stress_block_give(&sower->table[i]);
    sower->table[i] = sower->table[--sower->count];
    if (stress_random_chance(&sower->random, 1, 2) && sower->gift_count < TABLE) {
        sower->gifts[sower->gift_count++] = start;
        return;
    }
    stress_doing("free");
    stress_allocator.free(start);
    if (stress_random_chance(&sower->random, 1, 20000)) {
        stress_doing("purge");
        stress_allocator.purge();
    }
}

static void thin_out(struct sower *sower)
{
    size_t part = 4 + stress_random_below(&sower->random, 37);
    for (size_t i = sower->count; i > 0; i--)
        if (stress_random_below(&sower->random, part) != 0)
            drop_block(sower, i - 1);
}

static void free_gifts(struct sower *sower)
{
    stress_doing("free");
    for (; sower->gift_count > 0; sower->gift_count--)
        stress_allocator.free(sower->gifts[sower->gift_count - 1]);
}

static void run_round(unsigned number)
{
    struct sower *sower = sowers[number];
    stress_seat_take(number);
    sower->random = stress_random_at(settings->seed, round_number, number);
    for (unsigned i = 0; i < TIMES; i++) {
        fill_up(sower);
        thin_out(sower);
        wait_for_all();
        free_gifts(sowers[(number + 1) % settings->threads]);
        if (number == i)
            stress_allocator.purge();
        wait_for_all();
    }
    stress_doing("thread_idle");
    stress_allocator.thread_idle();
    wait_for_all(); /* at rest, alive: measured */
    wait_for_all();
    stress_seat_leave();
}

static int compare_pages(const void *left, const void *right)
{
    uintptr_t a = *(const uintptr_t *)left;
    uintptr_t b = *(const uintptr_t *)right;
    return (a > b) - (a < b);
}

/* Bytes of the system pages that live blocks overlap. */
static size_t pinned_bytes(uintptr_t *pages)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    size_t count = 0;
    for (unsigned n = 0; n < settings->threads; n++) {
        for (size_t i = 0; i < sowers[n]->count; i++) {
            uintptr_t start = (uintptr_t)sowers[n]->table[i].start;
            uintptr_t last = (start + sowers[n]->table[i].usable - 1) / page_bytes;
            for (uintptr_t page = start / page_bytes; page <= last; page++)
                pages[count++] = page;
        }
    }
    qsort(pages, count, sizeof *pages, compare_pages);
    size_t distinct = count > 0;
    for (size_t i = 1; i < count; i++)
        distinct += pages[i] != pages[i - 1];
    return distinct * page_bytes;
}

static void check_account(const char *when)
{
    struct stress_tally tally = {0};
    for (unsigned n = 0; n < settings->threads; n++)
        for (size_t i = 0; i < sowers[n]->count; i++) {
            stress_block_verify(&sowers[n]->table[i]);
            stress_tally_add(&tally, &sowers[n]->table[i]);
        }
    stress_tally_check(&tally, when);
}

static size_t check_round(size_t before, uintptr_t *pages)
{
    const struct range *range = &ranges[round_number % RANGES];
    stress_allocator.thread_idle();
    stress_allocator.purge();
    size_t resident = stress_resident_bytes();
    size_t bound =
        before + pinned_bytes(pages) + ((size_t)settings->threads << 19) + ((size_t)2 << 20);
    check_account("account at rest");
    if (round_number < RANGES)
        stress_say("%s: %zu..%zu bytes: resident %.1f MiB, bound %.1f MiB", stress_program.name,
                   range->low, range->high, (double)resident / 1048576.0,
                   (double)bound / 1048576.0);
    stress_bound("at rest", resident, bound);
    return resident * 100 / bound;
}

static void make_sowers(void)
{
    live_limit = ((size_t)(settings->smoke ? 16 : 64) << 20) / settings->threads;
    for (unsigned i = 0; i < settings->threads; i++) {
        sowers[i] = stress_map_resident(sizeof *sowers[i]);
        sowers[i]->table = stress_map_resident(TABLE * sizeof *sowers[i]->table);
        sowers[i]->gifts = stress_map_resident(TABLE * sizeof *sowers[i]->gifts);
    }
}

static void run(const struct stress_settings *given)
{
    size_t worst = 0;
    settings = given;
    stress_has_registry = false;
    uintptr_t *pages = stress_map_resident((size_t)4 * TABLE * sizeof *pages);
    stress_require(pthread_barrier_init(&barrier, NULL, given->threads + 1) == 0, "barrier");
    make_sowers();
    size_t before = stress_resident_bytes();
    for (; round_number < RANGES || stress_seconds() < given->seconds; round_number++) {
        struct stress_team team;
        stress_team_start(&team, given->threads, run_round);
        for (unsigned i = 0; i < 2 * TIMES + 1; i++)
            (void)pthread_barrier_wait(&barrier);
        size_t percent = check_round(before, pages);
        worst = percent > worst ? percent : worst;
        (void)pthread_barrier_wait(&barrier);
        stress_team_join(&team);
        for (unsigned n = 0; n < given->threads; n++)
            while (sowers[n]->count > 0)
                stress_allocator.free(stress_block_give(&sowers[n]->table[--sowers[n]->count]));
        for (unsigned n = 0; n < given->threads; n++)
            sowers[n]->bytes = 0;
    }
    stress_allocator.thread_idle();
    check_account("account of the empty heap");
    stress_report("rounds=%llu rest=%zu%%_of_bound", (unsigned long long)round_number, worst);
}

const struct stress_program stress_program = {
    .name = "sparse",
    .seconds = 60,
    .smoke_seconds = 3,
    .threads = 4,
    .run = run,
};
