/* queries_in_handlers: signals interrupt allocating threads anywhere, and their handlers ask.
 *
 * Claim: ep_owns, ep_usable_size, ep_good_size, ep_options, ep_stats and ep_metrics_write are async-signal-safe, as the
 * public headers say: in a handler that has interrupted malloc or free of its own thread they return, return what is true of a
 * block that is held all the while, and leave errno and the heap as they were.
 *
 * If it were false: a handler would hang (the watchdog says where), crash, or get a wrong answer about the held block.
 *
 * Handlers do not allocate: the header does not let them.
 * Replay: the seed; thread i draws from (seed, 0, i).  Where signals come down is the machine's choice.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "allocator.h"
#include "harness.h"
#include "workload.h"

enum { TABLE = 256, HELD_BYTES = 100, SIGNALS_A_SECOND = 2000 };

static struct worker workers[STRESS_THREADS_MAX];
static struct exchange exchange;
static const struct stress_settings *settings;
static _Thread_local unsigned char *held;
static _Atomic(uint64_t) answers;
static int nowhere = -1;

static void ask_about_held(void)
{
    size_t usable = stress_allocator.usable_size(held);
    stress_require(usable >= HELD_BYTES && usable < 2 * HELD_BYTES,
                   "in a handler: usable size %zu of %d bytes", usable, HELD_BYTES);
    stress_require(stress_allocator.owns(held), "in a handler: a block in use is not owned");
}

static void ask_about_all(void)
{
    char text[512];
    struct ep_stats account;
    (void)stress_allocator.options(text, sizeof text);
    if (stress_allocator.account(&account))
        stress_require(account.uncertain_bytes <= account.in_use_bytes,
                       "in a handler: %zu of %zu bytes in use are uncertain",
                       account.uncertain_bytes, account.in_use_bytes);
    if (stress_allocator.metrics != NULL)
        stress_require(stress_allocator.metrics(nowhere) == 0, "in a handler: no metrics");
}

static void handle(int signal)
{
    int saved = errno;
    (void)signal;
    if (held == NULL)
        return;
    errno = 12345;
    ask_about_held();
    /* order: relaxed -- a count */
    if (ep__fetch_add_relaxed(&answers, 1) % 8 == 0)
        ask_about_all();
    stress_require(errno == 12345, "in a handler: errno became %d", errno);
    errno = saved;
}

static void work(unsigned number)
{
    stress_seat_take(number);
    held = stress_allocator.malloc(HELD_BYTES);
    while (stress_seconds() < settings->seconds)
        stress_work(&workers[number], 500);
    unsigned char *last = held;
    held = NULL;
    stress_allocator.free(last);
    stress_seat_leave();
}

static void send_signals(void)
{
    struct stress_random random = stress_random_at(settings->seed, 1, 0);
    while (stress_seconds() < settings->seconds) {
        size_t i = stress_random_below(&random, settings->threads);
        stress_sleep(1.0 / SIGNALS_A_SECOND);
        /* order: relaxed -- a thread that has left its seat gets no signal, or is gone and the kernel says so */
        if (ep__load_relaxed(&stress_seats()[i].doing) != NULL)
            /* order: relaxed -- see above */
            (void)syscall(SYS_tgkill, getpid(), ep__load_relaxed(&stress_seats()[i].tid), SIGUSR1);
    }
}

static void run(const struct stress_settings *given)
{
    struct stress_team team;
    struct sigaction action;
    settings = given;
    nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    stress_require(nowhere >= 0, "/dev/null: %s", strerror(errno));
    memset(&action, 0, sizeof action);
    action.sa_handler = handle;
    action.sa_flags = SA_RESTART;
    stress_require(sigaction(SIGUSR1, &action, NULL) == 0, "sigaction: %s", strerror(errno));
    stress_exchange_make(&exchange, 64);
    for (unsigned i = 0; i < given->threads; i++) {
        stress_worker_make(&workers[i], TABLE, &exchange, (size_t)1 << 20);
        workers[i].random = stress_random_at(given->seed, 0, i);
    }
    stress_team_start(&team, given->threads, work);
    send_signals();
    stress_team_join(&team);
    stress_rest_end(given->seed);
    /* order: relaxed -- all threads have been joined */
    uint64_t count = ep__load_relaxed(&answers);
    stress_require(count > 0, "no handler has run");
    (void)close(nowhere);
    stress_report("answers=%llu", (unsigned long long)count);
}

const struct stress_program stress_program = {
    .name = "queries_in_handlers",
    .seconds = 60,
    .smoke_seconds = 3,
    .threads = 4,
    .run = run,
};
