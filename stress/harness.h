/* What every stress program shares: options, failure, threads under a watchdog, the result line.
 *
 * A program defines `stress_program`; main() stands in harness.c.  Options:
 *
 *     --seconds N   how long to run, about (default: the program's own)
 *     --threads N   how many threads allocate at once
 *     --seed N      what is drawn; printed at the start, so that a run can be repeated
 *     --smoke       a short run, for every build
 *     --patience N  seconds without progress of a thread until the watchdog aborts
 *     --jitter N    signals a second that stop a random thread for a moment (default 2000, 0: none)
 *     --memory-limit MIB  the run takes place in a control group of its own, whose memory the kernel limits; where none
 *                   can be made the run is skipped: a line says why, and the status is 77
 *     --cgroup DIR  the control group (version 2) in which that group is made
 *     --no-bounds   bounds of resident memory are printed, not asserted: where the process's memory
 *                   is not the allocator's alone (sanitizers, valgrind)
 *     --no-child-threads  forked children create no threads: where a tool mistakes them for threads of
 *                   the parent (ThreadSanitizer)
 *
 * A run prints its seed and how to replay it on stderr, and one line on stdout at its end: the
 * program's name, "ok", and the figures it reported.  A failure prints one line that says what is wrong,
 * one that says how to replay, and aborts; nothing is ever repaired or tried again.
 *
 * What a thread does is drawn from its own generator and counted in operations, so the seed repeats
 * it; how threads interleave is the machine's choice.
 *
 * The harness takes memory from mmap alone (memory.h), never from the allocator under test.
 */
#ifndef STRESS_HARNESS_H
#define STRESS_HARNESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sys/atomic.h"

struct stress_settings {
    double seconds;
    uint64_t seed;
    unsigned threads;
    unsigned patience_seconds;
    unsigned jitter_per_second;
    unsigned limit_mib; /* 0: no limit */
    const char *cgroup; /* NULL: that of this process */
    bool smoke;
    bool bounds;
    bool child_threads;
};

struct stress_program {
    const char *name;
    double seconds;       /* without --seconds */
    double smoke_seconds; /* with --smoke */
    unsigned threads;     /* without --threads */
    void (*run)(const struct stress_settings *settings);
    void (*child)(void); /* what the hidden option --child runs after exec; may be NULL */
};

extern const struct stress_program stress_program;

/* Ends the run: something is wrong with the allocator, or with the machine. */
_Noreturn void stress_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define stress_require(condition, ...)                                                             \
    do {                                                                                           \
        if (!(condition))                                                                          \
            stress_fail(__VA_ARGS__);                                                              \
    } while (0)

/* Whether bounds of resident memory are asserted: the allocator is epmalloc, and nothing else allocates
 * (--no-bounds). */
bool stress_is_bounded(void);

/* Fails the run when more memory is resident than the bound, where bounds are asserted. */
void stress_bound(const char *what, size_t resident, size_t bound);

/* Adds to the result line. */
void stress_report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints a line of progress on stderr. */
void stress_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Seconds since the program began. */
double stress_seconds(void);

void stress_sleep(double seconds);

/* --- threads (threads.c) ----------------------------------------------------------------------- */

enum { STRESS_THREADS_MAX = 64 };

pthread_t stress_thread_start(void *(*body)(void *), void *argument);
void stress_thread_join(pthread_t thread);

/* Threads that run body(0) to body(count - 1); count <= STRESS_THREADS_MAX. */
struct stress_team {
    unsigned count;
    struct stress_member {
        pthread_t thread;
        void (*body)(unsigned number);
        unsigned number;
    } members[STRESS_THREADS_MAX];
};

void stress_team_start(struct stress_team *team, unsigned count, void (*body)(unsigned number));
void stress_team_join(struct stress_team *team);

/* Starts and joins. */
void stress_team_run(unsigned count, void (*body)(unsigned number));

/* A thread of the harness's own, that runs for ever; it runs already when the call returns. */
void stress_attendant_start(void *(*body)(void *));

/* --- processes (processes.c) ------------------------------------------------------------------- */

/* The file of this program. */
void stress_own_path(char *path, size_t room);

/* fork(), which must succeed. */
pid_t stress_fork(void);

/* Waits for a child, and fails the run unless it ends with this status; the format says which child it is. */
void stress_child_await(pid_t child, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* --- seats and watchdog (watchdog.c) ----------------------------------------------------------- */

enum { STRESS_SEATS = 512 };

/* Where a thread tells the watchdog what it does.  A seat is taken by one thread at a time. */
struct stress_seat {
    _Atomic(const char *) doing; /* NULL: nobody sits here; written by the sitter */
    _Atomic(uint64_t) steps;     /* grows with everything that is begun; written by the sitter */
    _Atomic(int) tid;
};

/* The calling thread sits down, so that the watchdog watches it, and leaves. */
void stress_seat_take(unsigned seat);
void stress_seat_leave(void);

/* The calling thread begins something; a string that lives for ever. */
void stress_doing(const char *what);

struct stress_seat *stress_seats(void);
void stress_watchdog_start(unsigned patience_seconds);

/* --- limit of memory (limit.c) ----------------------------------------------------------------- */

/* Goes on in a child under the limit, or skips the run. */
void stress_limit_enter(const struct stress_settings *settings);

/* Adds the limit, and the most that was charged, to the result line. */
void stress_limit_report(const struct stress_settings *settings);

/* --- jitter (jitter.c) ------------------------------------------------------------------------ */

void stress_jitter_start(unsigned per_second);

#endif
