/* deferred_free: threads read elements in sections while others unlink and defer them, end, go idle and fork.
 *
 * Claim: what is deferred is freed, or called, once, and not while a section is open that could see it; what threads
 * leave behind is not lost; the bytes that wait stay within deferred_bytes and a chunk a thread; a child goes on.
 *
 * If it were false: "an element changed" would name what a reader found in an element that had been freed and used
 * again; "early" would say that a section is still open that was open when the element was unlinked (this needs no
 * luck: it is asked at each call and at each reuse of memory); "account" would show what was lost or freed twice.
 *
 * Shape, after rcutorture: a table of elements, each all of words that tell its id and place.  Every thread has a count
 * that is odd while it is in a section.  Who unlinks an element notes all counts in it; when the element is called or
 * its memory is got again, each count that was odd must have changed.  Threads read (some stall, some nest), update by
 * ep_free_deferred or ep_defer, live for one burst and end in it or go idle, and one forks.
 *
 * Its own synchronisation: edge DF, the table's slots, from who puts an element to who reads or unlinks it.  The
 * counts are relaxed: nothing but the allocator orders a section's end before a call.
 *
 * Replay: the seed; the n-th life of seat i draws from (seed, n, i).
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocator.h"
#include "elements.h"
#include "harness.h"
#include "memory.h"
#include "oracle.h"
#include "sys/options.h"

enum {
    SLOTS = 64,
    LIMIT_BYTES = 4 << 20,
    CHUNK_BYTES = 64 << 10, /* that one thread's open chunk may hold beside */
};

static const struct stress_settings *settings;
static _Atomic(struct element *) table[SLOTS];
static _Atomic(uint64_t) wanted_calls;
static _Atomic(uint64_t) updates;
static _Atomic(uint64_t) refused;

/* --- threads ---------------------------------------------------------------------------------- */

/* Takes time inside a section: mostly none, sometimes as long as many updates. */
static void linger(struct seat *seat)
{
    size_t choice = stress_random_below(&seat->random, 4096);
    if (choice == 0)
        stress_sleep(0.02);
    else if (choice < 32)
        stress_sleep(0.0001);
}

static void read_some(struct seat *seat)
{
    bool is_nested = stress_random_chance(&seat->random, 1, 8);
    stress_doing("reading");
    section_enter(seat);
    for (size_t i = stress_random_below(&seat->random, 4) + 1; i > 0; i--) {
        /* order: acquire DF -- with update(): the element */
        struct element *element =
            ep__load_acquire(&table[stress_random_below(&seat->random, SLOTS)]);
        if (element == NULL)
            continue;
        uint32_t id = element->id;
        if (is_nested)
            section_enter(seat);
        element_check(element, id);
        linger(seat);
        if (is_nested)
            section_leave(seat);
        element_check(element, id);
    }
    section_leave(seat);
}

/* The bound is reached: outside sections by waiting, inside them by leaving first. */
static void defer_later(struct seat *seat, struct element *element)
{
    unsigned depth = seat->depth;
    stress_require(errno == EAGAIN, "a deferral failed: errno %d", errno);
    /* order: relaxed -- a sum */
    ep__fetch_add_relaxed(&refused, 1);
    stress_doing("waiting at the bound");
    while (seat->depth != 0)
        section_leave(seat);
    stress_require(ep_epoch_barrier() == 0, "ep_epoch_barrier: errno %d", errno);
    element_check_age(element, "has had its barrier");
    element->is_deferred = 0;
    ep_free(element);
    while (seat->depth < depth)
        section_enter(seat);
}

static void end_later(struct seat *seat, struct element *element)
{
    bool is_call = stress_random_chance(&seat->random, 1, 4);
    element_note_counts(element);
    if (is_call ? ep_defer(element_end, element) == 0 : ep_free_deferred(element) == 0) {
        /* order: relaxed -- a sum */
        ep__fetch_add_relaxed(&wanted_calls, is_call);
        return;
    }
    defer_later(seat, element);
}

static void update(struct seat *seat)
{
    bool is_inside = stress_random_chance(&seat->random, 1, 2);
    stress_doing("updating");
    /* order: relaxed -- an id, and a sum */
    uint32_t id = (uint32_t)ep__fetch_add_relaxed(&updates, 1) + 1;
    struct element *element = element_make(seat, id);
    if (is_inside)
        section_enter(seat);
    size_t i = stress_random_below(&seat->random, SLOTS);
    /* order: acq_rel DF -- with update() and read_some(): the elements */
    struct element *old = ep__exchange_acq_rel(&table[i], element);
    if (old != NULL)
        end_later(seat, old);
    if (is_inside)
        section_leave(seat);
}

static void check_bound(void)
{
    struct ep_epoch_stats stats;
    stress_require(ep_epoch_stats(&stats, sizeof stats) == 0, "ep_epoch_stats failed");
    size_t bound = LIMIT_BYTES + (size_t)2 * SEATS_MAX * CHUNK_BYTES;
    stress_require(stats.waiting_bytes <= bound, "%zu bytes wait, more than %zu",
                   stats.waiting_bytes, bound);
}

static void step(struct seat *seat, unsigned update_share)
{
    if (stress_random_chance(&seat->random, update_share, 256))
        update(seat);
    else
        read_some(seat);
    if (stress_random_chance(&seat->random, 1, 512))
        (void)ep_epoch_poll();
    if (stress_random_chance(&seat->random, 1, 512))
        check_bound();
}

/* A thread of one burst; it ends in the middle of it, some inside a section. */
static void *live_for_a_burst(void *argument)
{
    struct seat *seat = argument;
    stress_seat_take(seat->number);
    for (size_t i = stress_random_below(&seat->random, 1500); i > 0; i--)
        step(seat, 200);
    if (stress_random_chance(&seat->random, 1, 4))
        ep_thread_idle();
    if (stress_random_chance(&seat->random, 1, 4))
        ep_epoch_enter();
    stress_seat_leave();
    return NULL;
}

static bool is_time_over(void)
{
    return stress_seconds() >= settings->seconds;
}

static void *live_in_bursts(void *argument)
{
    struct seat *seat = argument;
    for (uint64_t life = 1; !is_time_over(); life++) {
        seat->random = stress_random_at(settings->seed, life, seat->number);
        stress_thread_join(stress_thread_start(live_for_a_burst, seat));
    }
    return NULL;
}

/* Half of the long-lived threads mostly read, the others mostly update. */
static void *live(void *argument)
{
    struct seat *seat = argument;
    seat->random = stress_random_at(settings->seed, 0, seat->number);
    stress_seat_take(seat->number);
    while (!is_time_over())
        step(seat, seat->number % 2 ? 16 : 224);
    stress_seat_leave();
    return NULL;
}

/* --- forks ------------------------------------------------------------------------------------ */

static _Noreturn void live_as_child(struct seat *seat)
{
    (void)alarm(settings->patience_seconds / 2 + 1);
    sections_forget_others(seat);
    for (unsigned i = 0; i < 300; i++)
        step(seat, 128);
    while (seat->depth != 0)
        section_leave(seat);
    stress_require(ep_epoch_barrier() == 0, "ep_epoch_barrier in a child: errno %d", errno);
    struct ep_epoch_stats stats;
    stress_require(ep_epoch_stats(&stats, sizeof stats) == 0 && stats.open_sections == 0 &&
                       stats.waiting_blocks == 0,
                   "in a child %zu blocks wait for %zu sections", stats.waiting_blocks,
                   stats.open_sections);
    _exit(0);
}

/* Sometimes in a section, which goes on in the child. */
static void *live_and_fork(void *argument)
{
    struct seat *seat = argument;
    seat->random = stress_random_at(settings->seed, 0, seat->number);
    stress_seat_take(seat->number);
    while (!is_time_over()) {
        int status = -1;
        for (unsigned i = 0; i < 100; i++)
            step(seat, 128);
        bool is_inside = stress_random_chance(&seat->random, 1, 2);
        if (is_inside)
            section_enter(seat);
        stress_doing("fork");
        pid_t child = fork();
        if (child == 0)
            live_as_child(seat);
        if (is_inside)
            section_leave(seat);
        stress_require(child > 0, "fork: errno %d", errno);
        stress_require(waitpid(child, &status, 0) == child && status == 0,
                       "a child ended with wait status 0x%x", (unsigned)status);
    }
    stress_seat_leave();
    return NULL;
}

/* --- the run ---------------------------------------------------------------------------------- */

static void empty_table(void)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        /* order: acquire DF -- with update() */
        struct element *element = ep__exchange_acquire(&table[i], NULL);
        if (element != NULL)
            element_check(element, element->id);
        ep_free(element);
    }
    stress_require(ep_epoch_barrier() == 0, "ep_epoch_barrier at the end: errno %d", errno);
    struct ep_epoch_stats stats;
    (void)ep_epoch_stats(&stats, sizeof stats);
    stress_require(stats.waiting_blocks + stats.waiting_calls + stats.waiting_bytes == 0,
                   "%zu blocks, %zu calls and %zu bytes wait for nothing", stats.waiting_blocks,
                   stats.waiting_calls, stats.waiting_bytes);
    ep_thread_idle();
    stress_tally_check(&(struct stress_tally){0}, "account of the empty heap");
}

static void run(const struct stress_settings *given)
{
    static struct seat seats[SEATS_MAX];
    pthread_t threads[SEATS_MAX];
    settings = given;
    ep__options_load();
    (void)ep__option_set(EP__OPTION_DEFERRED_BYTES, LIMIT_BYTES);
    unsigned count = given->threads < SEATS_MAX ? given->threads : SEATS_MAX;
    for (unsigned i = 0; i < count; i++) {
        seats[i].number = i;
        threads[i] = stress_thread_start(i == 1   ? live_and_fork
                                         : i == 2 ? live_in_bursts
                                                  : live,
                                         &seats[i]);
    }
    for (unsigned i = 0; i < count; i++)
        stress_thread_join(threads[i]);
    empty_table();
    /* order: relaxed -- all threads have been joined */
    uint64_t called = elements_called();
    /* order: relaxed -- see above */
    stress_require(called == ep__load_relaxed(&wanted_calls), "%llu calls came, of %llu",
                   (unsigned long long)called, (unsigned long long)ep__load_relaxed(&wanted_calls));
    /* order: relaxed -- see above */
    stress_report("updates=%llu calls=%llu refused=%llu",
                  (unsigned long long)ep__load_relaxed(&updates), (unsigned long long)called,
                  (unsigned long long)ep__load_relaxed(&refused));
}

const struct stress_program stress_program = {
    .name = "deferred_free",
    .seconds = 60,
    .smoke_seconds = 2,
    .threads = 5,
    .run = run,
};
