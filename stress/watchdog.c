/* The seats in which threads tell what they do, and the watchdog that reads them (harness.h).
 *
 * A hang is a failure like any other: no operation of a lock-free allocator can wait for a thread, so a
 * seat whose count of steps stands still is reported with what it was doing, and the program aborts.
 * The watchdog never allocates and takes part in nothing it watches.
 */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

static struct stress_seat seats[STRESS_SEATS];
static _Thread_local struct stress_seat *my_seat;
static unsigned patience;

struct stress_seat *stress_seats(void)
{
    return seats;
}

void stress_seat_take(unsigned seat)
{
    stress_require(seat < STRESS_SEATS, "the harness has no seat %u", seat);
    my_seat = &seats[seat];
    /* order: relaxed -- only printed */
    ep__store_relaxed(&my_seat->tid, (int)syscall(SYS_gettid));
    stress_doing("beginning");
}

void stress_seat_leave(void)
{
    /* order: relaxed -- the watchdog draws no conclusion about memory from it */
    ep__store_relaxed(&my_seat->doing, NULL);
    my_seat = NULL;
}

void stress_doing(const char *what)
{
    if (my_seat == NULL)
        return;
    /* order: relaxed -- only the sitter writes; the watchdog compares the count with itself */
    ep__store_relaxed(&my_seat->doing, what);
    /* order: relaxed -- own value */
    uint64_t steps = ep__load_relaxed(&my_seat->steps);
    /* order: relaxed -- see above */
    ep__store_relaxed(&my_seat->steps, steps + 1);
}

/* Whether the seat stood still since the last look; its count is kept in *last. */
static bool stands_still(struct stress_seat *seat, uint64_t *last)
{
    /* order: relaxed -- a stale count only delays the report */
    uint64_t steps = ep__load_relaxed(&seat->steps);
    bool same = steps == *last;
    *last = steps;
    /* order: relaxed -- see above */
    return same && ep__load_relaxed(&seat->doing) != NULL;
}

static void tell_seats(void)
{
    for (unsigned i = 0; i < STRESS_SEATS; i++) {
        /* order: relaxed -- only printed */
        const char *doing = ep__load_relaxed(&seats[i].doing);
        if (doing == NULL)
            continue;
        /* order: relaxed -- only printed */
        int tid = ep__load_relaxed(&seats[i].tid);
        /* order: relaxed -- only printed */
        unsigned long long steps = ep__load_relaxed(&seats[i].steps);
        stress_say("%s: seat %u (thread %d), step %llu: %s", stress_program.name, i, tid, steps,
                   doing);
    }
}

static void *watch(void *unused)
{
    static uint64_t last[STRESS_SEATS];
    static unsigned still_seconds[STRESS_SEATS];
    const struct timespec second = {.tv_sec = 1, .tv_nsec = 0};
    for (;;) {
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &second, NULL);
        for (unsigned i = 0; i < STRESS_SEATS; i++) {
            still_seconds[i] = stands_still(&seats[i], &last[i]) ? still_seconds[i] + 1 : 0;
            if (still_seconds[i] < patience)
                continue;
            tell_seats();
            stress_fail("seat %u has not moved for %u seconds", i, patience);
        }
    }
    return unused;
}

void stress_watchdog_start(unsigned patience_seconds)
{
    patience = patience_seconds;
    stress_attendant_start(watch);
}
