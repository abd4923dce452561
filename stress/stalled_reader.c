/* stalled_reader: a section stays open for the whole run, while others replace elements as fast as they can.
 *
 * Claim: what waits stays within deferred_bytes, a chunk a thread and its last block; resident memory grows by that and
 * no more; deferrals are refused with EAGAIN and name the stalled thread; other threads go on reading, and
 * allocating and freeing; when the section ends all that waited is freed.
 *
 * If it were false: "bytes wait" and "resident" would say by how much the bound was exceeded; "thread" that another was
 * named; "wait after the section" that something was left; the watchdog, that a thread did not go on.
 *
 * Shape: a third of the time without a stall, so that there is something to compare with (at most 3 seconds), then
 * the stall, then the end of it.  Updaters replace elements of a table; one that is refused keeps the element, tries again later,
 * and allocates and frees meanwhile.  Readers read in sections, others only allocate and free.  Operations a
 * millisecond of each of the three, before and during the stall, are in the result line: they are for people, since no
 * test asserts on time.
 *
 * Its own synchronisation: edge SR, the table's slots.
 *
 * Replay: the seed; seat i draws from (seed, 0, i).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocator.h"
#include "harness.h"
#include "memory.h"
#include "oracle.h"
#include "random.h"
#include "sys/options.h"

enum {
    SLOTS = 4096,
    BYTES_MAX = 2048,
    LIMIT_MIB = 32,
    CHUNK_BYTES = (64 << 10) + BYTES_MAX, /* of a thread beside the bound */
    SEATS_MAX = 32,
    SLACK_MIB = 24, /* of resident memory: chunks, what threads keep */
    BURST = 64,
};

enum phase { BEFORE, STALLED, AFTER, PHASES };
enum role { UPDATER, READER, ALLOCATOR, ROLES };

struct seat {
    unsigned number;
    struct stress_random random;
    uint64_t *held; /* an element whose deferral has been refused */
};

static _Atomic(uint64_t *) table[SLOTS];
static _Atomic(unsigned) phase;
static _Atomic(bool) is_over;
static _Atomic(uint64_t) done[ROLES][PHASES];
static _Atomic(uint64_t) refused;

static uint64_t mark_of(const uint64_t *element)
{
    return (uintptr_t)element ^ UINT64_C(0x57a11ed57a11ed00);
}

static void count(enum role role)
{
    /* order: relaxed -- sums */
    ep__fetch_add_relaxed(&done[role][ep__load_relaxed(&phase)], 1);
}

static void allocate_and_free(struct seat *seat)
{
    void *blocks[BURST];
    for (unsigned i = 0; i < BURST; i++) {
        blocks[i] = ep_malloc(stress_random_size(&seat->random, 1, BYTES_MAX));
        stress_require(blocks[i] != NULL, "no memory for a block");
    }
    ep_free_batch(blocks, BURST);
}

/* False: refused. */
static bool defer(struct seat *seat, uint64_t *element)
{
    if (ep_free_deferred(element) == 0)
        return true;
    stress_require(errno == EAGAIN, "a deferral failed: errno %d", errno);
    /* order: relaxed -- a sum */
    ep__fetch_add_relaxed(&refused, 1);
    seat->held = element;
    return false;
}

static void update(struct seat *seat)
{
    uint64_t *held = seat->held;
    stress_doing("updating");
    seat->held = NULL;
    if (held != NULL && !defer(seat, held)) {
        allocate_and_free(seat);
        return;
    }
    uint64_t *element = ep_malloc(stress_random_size(&seat->random, 64, BYTES_MAX));
    stress_require(element != NULL, "no memory for an element");
    element[0] = element[1] = mark_of(element);
    /* order: acq_rel SR -- with read_one() and update(): the elements */
    uint64_t *old =
        ep__exchange_acq_rel(&table[stress_random_below(&seat->random, SLOTS)], element);
    if (old != NULL)
        (void)defer(seat, old);
}

static void read_one(struct seat *seat)
{
    stress_doing("reading");
    ep_epoch_enter();
    /* order: acquire SR -- with update() */
    uint64_t *element = ep__load_acquire(&table[stress_random_below(&seat->random, SLOTS)]);
    stress_require(element == NULL || (element[0] == mark_of(element) && element[1] == element[0]),
                   "an element changed while a section could see it");
    ep_epoch_exit();
}

static void *live(void *argument)
{
    struct seat *seat = argument;
    enum role role = (enum role)(seat->number % ROLES);
    stress_seat_take(seat->number);
    /* order: relaxed -- seen sooner or later */
    while (!ep__load_relaxed(&is_over)) {
        if (role == UPDATER)
            update(seat);
        else if (role == READER)
            read_one(seat);
        else
            allocate_and_free(seat);
        count(role);
    }
    /* The stall is over, so there is an end to refusals. */
    stress_doing("waiting at the end");
    while (seat->held != NULL) {
        uint64_t *held = seat->held;
        seat->held = NULL;
        (void)ep_epoch_barrier();
        (void)defer(seat, held);
    }
    (void)ep_epoch_barrier();
    stress_seat_leave();
    return NULL;
}

static struct ep_epoch_stats get_stats(void)
{
    struct ep_epoch_stats stats;
    stress_require(ep_epoch_stats(&stats, sizeof stats) == 0, "ep_epoch_stats failed");
    return stats;
}

/* During the stall, by the thread that stalls. */
static void check_stall(unsigned threads, size_t resident_before)
{
    struct ep_epoch_stats stats = get_stats();
    size_t bound = ((size_t)LIMIT_MIB << 20) + (size_t)threads * CHUNK_BYTES;
    stress_require(stats.waiting_bytes <= bound, "%zu bytes wait, more than %zu",
                   stats.waiting_bytes, bound);
    stress_require(stats.oldest_thread == (size_t)gettid(), "thread %zu is said to stall, not %d",
                   stats.oldest_thread, gettid());
    stress_bound("a section that stays open", stress_resident_bytes(),
                 resident_before + bound + ((size_t)SLACK_MIB << 20));
}

/* All elements that the stalled section can see stay as they are. */
static void find_all(uint64_t **seen)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        /* order: acquire SR -- with update() */
        seen[i] = ep__load_acquire(&table[i]);
    }
}

static void check_all(uint64_t **seen)
{
    for (unsigned i = 0; i < SLOTS; i++)
        stress_require(seen[i] == NULL ||
                           (seen[i][0] == mark_of(seen[i]) && seen[i][1] == seen[i][0]),
                       "an element changed while a section could see it");
}

static void stay_inside(double seconds, unsigned threads)
{
    static uint64_t *seen[SLOTS];
    size_t resident = stress_resident_bytes();
    double end = stress_seconds() + seconds;
    ep_epoch_enter();
    find_all(seen);
    stress_sleep(0.05); /* sections that were entered before have ended, or are named once */
    /* order: relaxed -- for sums */
    ep__store_relaxed(&phase, STALLED);
    while (stress_seconds() < end) {
        stress_doing("stalling");
        stress_sleep(0.05);
        if (get_stats().oldest_thread == (size_t)gettid())
            check_stall(threads, resident);
    }
    check_stall(threads, resident);
    check_all(seen);
    /* order: relaxed -- see above */
    ep__store_relaxed(&phase, AFTER);
    ep_epoch_exit();
}

static void empty_table(void)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        /* order: acquire SR -- with update() */
        ep_free(ep__exchange_acquire(&table[i], NULL));
    }
    stress_require(ep_epoch_barrier() == 0, "ep_epoch_barrier: errno %d", errno);
    struct ep_epoch_stats stats = get_stats();
    stress_require(stats.waiting_blocks == 0 && stats.waiting_bytes == 0,
                   "%zu blocks of %zu bytes wait after the section", stats.waiting_blocks,
                   stats.waiting_bytes);
    ep_thread_idle();
    stress_tally_check(&(struct stress_tally){0}, "account of the empty heap");
}

static double rate(enum role role, enum phase when, double seconds)
{
    /* order: relaxed -- all threads have been joined */
    return (double)ep__load_relaxed(&done[role][when]) / seconds / 1000;
}

static void run(const struct stress_settings *settings)
{
    static struct seat seats[SEATS_MAX];
    pthread_t threads[SEATS_MAX];
    double before = settings->seconds / 3 < 3 ? settings->seconds / 3 : 3;
    unsigned number = settings->threads < SEATS_MAX ? settings->threads : SEATS_MAX;
    ep__options_load();
    (void)ep__option_set(EP__OPTION_DEFERRED_BYTES, (uint64_t)LIMIT_MIB << 20);
    for (unsigned i = 0; i < number; i++) {
        seats[i].number = i;
        seats[i].random = stress_random_at(settings->seed, 0, i);
        threads[i] = stress_thread_start(live, &seats[i]);
    }
    stress_sleep(before);
    stay_inside(settings->seconds - before, number);
    /* order: relaxed -- seen sooner or later */
    ep__store_relaxed(&is_over, true);
    for (unsigned i = 0; i < number; i++)
        stress_thread_join(threads[i]);
    empty_table();
    double stalled = settings->seconds - before;
    /* order: relaxed -- all threads have been joined */
    stress_report("refused=%llu reads_per_ms=%.0f,%.0f bursts_per_ms=%.1f,%.1f",
                  (unsigned long long)ep__load_relaxed(&refused), rate(READER, BEFORE, before),
                  rate(READER, STALLED, stalled), rate(ALLOCATOR, BEFORE, before),
                  rate(ALLOCATOR, STALLED, stalled));
}

const struct stress_program stress_program = {
    .name = "stalled_reader",
    .seconds = 63,
    .smoke_seconds = 2,
    .threads = 3,
    .run = run,
};
