/* Jitter: threads are stopped for a moment at instructions that nobody chose (harness.h).
 *
 * On a machine with few cores a thread is hardly ever preempted inside the few instructions between a
 * look and the compare-and-swap that relies on it, so races there take days to show.  A thread of
 * the harness sends a signal to a random seat some thousand times a second; the handler sleeps for some
 * microseconds, now and then for milliseconds, and the other threads go on meanwhile.
 *
 * The handler does nothing but sleep.  Which thread is stopped where is no more repeatable than the
 * machine's own scheduling.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "random.h"

static unsigned signals_per_second;

static void sleep_ns(long ns)
{
    const struct timespec pause = {.tv_sec = 0, .tv_nsec = ns};
    /* Not nanosleep(), which is a cancellation point wherever the signal comes down. */
    (void)syscall(SYS_nanosleep, &pause, NULL);
}

/* In the thread that is stopped. */
static void stop_for_a_moment(int signal)
{
    int saved = errno;
    static _Thread_local uint64_t stops;
    uint64_t draw = stress_hash(++stops + (uint64_t)(uintptr_t)&stops);
    (void)signal;
    sleep_ns((long)(draw % 64 == 0 ? 1000 + (draw >> 8) % 4000000 : (draw >> 8) % 100000));
    errno = saved;
}

static void stop_seat(struct stress_random *random)
{
    struct stress_seat *seats = stress_seats();
    size_t first = stress_random_below(random, STRESS_SEATS);
    for (size_t i = 0; i < STRESS_SEATS; i++) {
        struct stress_seat *seat = &seats[(first + i) % STRESS_SEATS];
        /* order: relaxed -- a thread that has left gets no signal, or is gone and the kernel says so */
        if (ep__load_relaxed(&seat->doing) == NULL)
            continue;
        /* order: relaxed -- see above */
        (void)syscall(SYS_tgkill, getpid(), ep__load_relaxed(&seat->tid), SIGUSR2);
        return;
    }
}

static void *disturb(void *unused)
{
    struct stress_random random = stress_random_at(0, 0, 0);
    for (;;) {
        sleep_ns(1000000000L / (long)signals_per_second);
        stop_seat(&random);
    }
    return unused;
}

void stress_jitter_start(unsigned per_second)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = stop_for_a_moment;
    action.sa_flags = SA_RESTART;
    if (per_second == 0)
        return;
    signals_per_second = per_second;
    stress_require(sigaction(SIGUSR2, &action, NULL) == 0, "sigaction: %s", strerror(errno));
    stress_attendant_start(disturb);
}
