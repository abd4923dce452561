/* phase_change: a program that changes what sizes it uses gets its memory back.
 *
 * Claim: memory freed by one phase serves the next one, whatever its sizes, and goes back to the system
 * without being asked for; what is resident is what live blocks pin, plus stated bounds.
 *
 * If it were false: the printed lines would climb from phase to phase, each class keeping the most it
 * ever had; the worst is the sum over all phases, here some six times the live memory.
 *
 * Shape: in each phase every thread allocates blocks of one group of sizes up to its share of the live
 * limit, frees and renews half of them at random, then frees all but one of 512, which live on through
 * two more phases.  Every other phase the threads exit at its end, else they call ep_thread_idle.
 *
 * Bounds, asserted where the allocator is epmalloc and printed everywhere.  R is what the options retain,
 * retain_percent, thread_bytes and thread_percent allow as they are set, T 1 MiB per thread (current pools of 16 classes).
 *   peak    resident <= before the run + live x 1.25 + 64 KiB x slots with old survivors + R(live) + T + 8 MiB
 *   rest    resident <= before the run + 64 KiB x slots with survivors + R(those slots) + T + 8 MiB,
 *           at the latest after three seconds in which a block is freed now and then: memory above R stays
 *           for the time of the option purge_delay, and frees give it back, some arenas each time
 *
 * Replay: the seed; a thread's draws are those of (seed, phase, number).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocator.h"
#include "harness.h"
#include "memory.h"
#include "workload.h"

enum { GROUPS = 6, TABLE = 200000, SURVIVORS = 4096, SLOT_LOG2 = 16 };

struct group {
    size_t low, high;
};

/* Sorted so that neighbours have little in common. */
static const struct group groups[GROUPS] = {
    {64, 256},       {2049, 8192}, {16, 48},
    {32769, 524288}, {257, 1024},  {(size_t)1 << 20, (size_t)4 << 20},
};

/* What lives on from a phase: two generations of survivors. */
struct survivors {
    size_t count;
    struct block blocks[SURVIVORS];
};

struct phaser {
    struct stress_random random;
    size_t count; /* live blocks of this phase, the first of the table */
    size_t bytes; /* their usable bytes */
    struct block *table;
    struct survivors generations[2];
};

static const struct stress_settings *settings;
static struct phaser *phasers[STRESS_THREADS_MAX];
static uint64_t phase;
static size_t live_limit; /* of one thread */
static pthread_barrier_t barrier;

static const struct group *group_now(void)
{
    return &groups[(phase + settings->seed) % GROUPS];
}

/* --- one thread's phase ----------------------------------------------------------------------- */

static void add_block(struct phaser *phaser)
{
    const struct group *group = group_now();
    size_t size = stress_random_size(&phaser->random, group->low, group->high);
    struct block *block = &phaser->table[phaser->count++];
    stress_doing("malloc");
    stress_block_got(block, stress_allocator.malloc(size), size, 1);
    phaser->bytes += block->usable;
}

static void drop_block(struct phaser *phaser, size_t i)
{
    struct block *block = &phaser->table[i];
    phaser->bytes -= block->usable;
    void *start = stress_block_give(block);
    stress_doing("free");
    stress_allocator.free(start);
    *block = phaser->table[--phaser->count];
}

static void fill_up(struct phaser *phaser)
{
    while (phaser->bytes < live_limit && phaser->count < TABLE)
        add_block(phaser);
}

static void renew_half(struct phaser *phaser)
{
    for (size_t i = phaser->count / 2; i > 0; i--)
        drop_block(phaser, stress_random_below(&phaser->random, phaser->count));
    fill_up(phaser);
}

static void free_survivors(struct survivors *survivors)
{
    for (size_t i = 0; i < survivors->count; i++)
        stress_allocator.free(stress_block_give(&survivors->blocks[i]));
    survivors->count = 0;
}

static void free_most(struct phaser *phaser)
{
    struct survivors *survivors = &phaser->generations[phase % 2];
    free_survivors(survivors);
    while (phaser->count > 0) {
        size_t i = stress_random_below(&phaser->random, phaser->count);
        if (survivors->count < SURVIVORS && stress_random_chance(&phaser->random, 1, 512)) {
            survivors->blocks[survivors->count++] = phaser->table[i];
            phaser->bytes -= phaser->table[i].usable;
            phaser->table[i] = phaser->table[--phaser->count];
        } else {
            drop_block(phaser, i);
        }
    }
}

static void run_phase(unsigned number)
{
    struct phaser *phaser = phasers[number];
    stress_seat_take(number);
    phaser->random = stress_random_at(settings->seed, phase, number);
    fill_up(phaser);
    renew_half(phaser);
    stress_doing("waiting for the others");
    (void)pthread_barrier_wait(&barrier); /* all is live: the peak is measured */
    (void)pthread_barrier_wait(&barrier);
    free_most(phaser);
    stress_allocator.thread_idle();
    if (phase % 2 == 0) {
        stress_doing("waiting for the others");
        (void)pthread_barrier_wait(&barrier); /* at rest, alive: measured */
        (void)pthread_barrier_wait(&barrier);
    }
    stress_seat_leave();
}

/* --- what survivors pin ----------------------------------------------------------------------- */

static int compare_slots(const void *left, const void *right)
{
    uintptr_t a = *(const uintptr_t *)left;
    uintptr_t b = *(const uintptr_t *)right;
    return (a > b) - (a < b);
}

static size_t list_slots(const struct survivors *survivors, uintptr_t *slots, size_t room)
{
    size_t count = 0;
    for (size_t i = 0; i < survivors->count; i++) {
        uintptr_t start = (uintptr_t)survivors->blocks[i].start;
        uintptr_t last = start + survivors->blocks[i].usable - 1;
        for (uintptr_t slot = start >> SLOT_LOG2; slot <= last >> SLOT_LOG2; slot++)
            if (count < room)
                slots[count++] = slot;
    }
    return count;
}

/* Bytes of all slots that hold a survivor; runs and huge blocks pin all they lie in. */
static size_t pinned_bytes(uintptr_t *slots, size_t room)
{
    size_t count = 0;
    for (unsigned i = 0; i < settings->threads; i++)
        for (unsigned k = 0; k < 2; k++)
            count += list_slots(&phasers[i]->generations[k], slots + count, room - count);
    stress_require(count < room, "the harness has no room for the slots of the survivors");
    qsort(slots, count, sizeof *slots, compare_slots);
    size_t distinct = count > 0;
    for (size_t i = 1; i < count; i++)
        distinct += slots[i] != slots[i - 1];
    return distinct << SLOT_LOG2;
}

static size_t sum_live(void)
{
    size_t sum = 0;
    for (unsigned i = 0; i < settings->threads; i++)
        sum += phasers[i]->bytes;
    return sum;
}

/* --- bounds ----------------------------------------------------------------------------------- */

struct measures {
    size_t before;
    size_t peak_live;
    size_t pinned; /* by the survivors of the phases before this one, then of this one too */
    size_t worst_peak_percent;
    size_t worst_rest_percent;
};

static size_t retained_bytes(size_t live)
{
    const size_t mib = (size_t)1 << 20;
    return stress_retained_bytes(live, settings->threads) + (8 + settings->threads) * mib;
}

/* Time passes, and now and then a block is freed, until resident memory is within the bound or for three
 * seconds. */
static void let_time_pass(size_t bound)
{
    double delay = 0.005 + (double)stress_option("purge_delay", 100) / 1000;
    double deadline = stress_seconds() + 3;
    while (stress_resident_bytes() > bound && stress_seconds() < deadline) {
        stress_sleep(delay);
        stress_allocator.free(stress_allocator.malloc((size_t)256 << 10));
        stress_allocator.thread_idle();
    }
}

static void check_bound(const char *what, size_t bound, size_t *worst_percent)
{
    size_t resident = stress_resident_bytes();
    const struct group *group = group_now();
    size_t percent = resident * 100 / bound;
    *worst_percent = percent > *worst_percent ? percent : *worst_percent;
    if (phase < 2 * GROUPS)
        stress_say("%s: phase %llu (%zu..%zu bytes) %s: resident %.1f MiB, bound %.1f MiB",
                   stress_program.name, (unsigned long long)phase, group->low, group->high, what,
                   (double)resident / 1048576.0, (double)bound / 1048576.0);
    stress_bound(what, resident, bound);
}

static void check_account(const char *when)
{
    struct stress_tally tally = {0};
    for (unsigned i = 0; i < settings->threads; i++)
        for (unsigned k = 0; k < 2; k++) {
            struct survivors *survivors = &phasers[i]->generations[k];
            for (size_t n = 0; n < survivors->count; n++) {
                stress_block_verify(&survivors->blocks[n]);
                stress_tally_add(&tally, &survivors->blocks[n]);
            }
        }
    stress_tally_check(&tally, when);
}

static void run_one_phase(struct measures *measures, uintptr_t *slots, size_t room)
{
    struct stress_team team;
    stress_team_start(&team, settings->threads, run_phase);
    (void)pthread_barrier_wait(&barrier);
    size_t live = sum_live();
    measures->peak_live = live > measures->peak_live ? live : measures->peak_live;
    check_bound("peak",
                measures->before + live + live / 4 + measures->pinned + retained_bytes(live),
                &measures->worst_peak_percent);
    (void)pthread_barrier_wait(&barrier);
    if (phase % 2 == 0)
        (void)pthread_barrier_wait(&barrier);
    else
        stress_team_join(&team);
    measures->pinned = pinned_bytes(slots, room);
    check_account("account between phases");
    size_t bound = measures->before + measures->pinned + retained_bytes(measures->pinned);
    let_time_pass(bound);
    check_bound("rest", bound, &measures->worst_rest_percent);
    if (phase % 2 == 0) {
        (void)pthread_barrier_wait(&barrier);
        stress_team_join(&team);
    }
}

/* The tables are resident before the first measurement. */
static void make_phasers(void)
{
    live_limit = ((size_t)(settings->smoke ? 24 : 96) << 20) / settings->threads;
    for (unsigned i = 0; i < settings->threads; i++) {
        phasers[i] = stress_map_resident(sizeof *phasers[i]);
        phasers[i]->table = stress_map_resident(TABLE * sizeof *phasers[i]->table);
    }
}

static void run(const struct stress_settings *given)
{
    enum { ROOM = 1 << 18 };
    struct measures measures = {0};
    settings = given;
    stress_has_registry = false;
    uintptr_t *slots = stress_map_resident(ROOM * sizeof *slots);
    stress_require(pthread_barrier_init(&barrier, NULL, given->threads + 1) == 0, "barrier");
    make_phasers();
    measures.before = stress_resident_bytes();
    for (; phase < GROUPS || stress_seconds() < given->seconds; phase++)
        run_one_phase(&measures, slots, ROOM);
    for (unsigned i = 0; i < given->threads; i++)
        for (unsigned k = 0; k < 2; k++)
            free_survivors(&phasers[i]->generations[k]);
    stress_allocator.thread_idle();
    check_account("account of the empty heap");
    stress_report("phases=%llu live_mib=%zu peak=%zu%%_of_bound rest=%zu%%_of_bound",
                  (unsigned long long)phase, measures.peak_live >> 20, measures.worst_peak_percent,
                  measures.worst_rest_percent);
}

const struct stress_program stress_program = {
    .name = "phase_change",
    .seconds = 60,
    .smoke_seconds = 4,
    .threads = 4,
    .run = run,
};
