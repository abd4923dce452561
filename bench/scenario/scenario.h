/*
 * scenario.h: what every scenario program needs around its own loop.
 *
 * A scenario only calls malloc/free or new/delete, so the same binary runs under any
 * allocator by preload.  This file gives it its arguments, a random generator, threads and
 * the one line of output.  Nothing here allocates between scenario_start and the report,
 * except what pthread_create does.
 *
 * Output, one line of key=value words:
 *   scenario=NAME threads=N scale=S time_s=T rss_kib=K [KEY=VALUE ...]
 * rss_kib is the highest Rss that the program noted, the end included.
 */
#ifndef BENCH_SCENARIO_H
#define BENCH_SCENARIO_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { SCENARIO_THREADS_MAX = 1024 };

struct scenario {
    const char *name;
    const char *variant; /* --variant WORD, "" when absent */
    double scale;        /* --scale FACTOR: amount of work */
    unsigned threads;    /* --threads N */
    uint64_t start_ns;
    uint64_t end_ns; /* 0 until scenario_stop_clock */
};

/* Reads the arguments, exits with one line on stderr when they are wrong, starts the clock. */
void scenario_start(struct scenario *s, const char *name, int argc, char **argv);

/* `base` scaled, at least 1. */
size_t scenario_scaled(const struct scenario *s, double base);

/* Ends the measured time; what follows (idling, checks) does not count. */
void scenario_stop_clock(struct scenario *s);

/*
 * Notes Rss of smaps_rollup, by plain system calls.  One thread at a time calls this, where
 * the live data are at their largest.  The kernel's peak counters are kept per processor and
 * may be off by 256 KiB, too much for a program of 2 MiB; smaps_rollup is exact.
 */
void scenario_note_rss(void);

/* Notes Rss once more and prints the line. */
void scenario_report(struct scenario *s);

/* Like scenario_report, with one more word `key=value`. */
void scenario_report_with(struct scenario *s, const char *key, double value);

/* Runs body(0) .. body(threads - 1), each in its own thread, and joins them. At most SCENARIO_THREADS_MAX. */
void scenario_run_threads(unsigned threads, void (*body)(size_t thread_idx));

/* Returns p; NULL ends the program with one line on stderr. */
void *scenario_check(void *p);

void scenario_sleep_ms(unsigned ms);
uint64_t scenario_now_ns(void);
size_t scenario_rss_kib(void);

/* xorshift64*: the same numbers on every run and for every allocator. */
static inline uint32_t scenario_random(uint64_t *state)
{
    uint64_t x = *state;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return (uint32_t)((x * UINT64_C(0x2545f4914f6cdd1d)) >> 32);
}

/* Evenly in [0, limit). */
static inline size_t scenario_below(uint64_t *state, size_t limit)
{
    return (size_t)(((uint64_t)scenario_random(state) * limit) >> 32);
}

/* Evenly in [low, high]. */
static inline size_t scenario_between(uint64_t *state, size_t low, size_t high)
{
    return low + scenario_below(state, high - low + 1);
}

static inline uint64_t scenario_seed(size_t thread_idx)
{
    return UINT64_C(0x9e3779b97f4a7c15) * (thread_idx + 1) | 1;
}

/* Writes the first and the last byte, the least that a program does with a block. */
static inline void scenario_touch(void *p, size_t size)
{
    volatile char *bytes = (volatile char *)p;

    bytes[0] = (char)size;
    bytes[size - 1] = (char)size;
}

#ifdef __cplusplus
}
#endif

#endif
