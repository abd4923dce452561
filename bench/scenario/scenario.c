/* scenario.c: see scenario.h. */
#include "scenario.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t scenario_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void scenario_sleep_ms(unsigned ms)
{
    struct timespec left = {ms / 1000, (long)(ms % 1000) * 1000000};

    while (nanosleep(&left, &left) != 0)
        ;
}

static _Noreturn void refuse(const char *program, const char *what)
{
    fprintf(stderr, "%s: %s (usage: [--threads N] [--scale FACTOR] [--variant WORD])\n", program,
            what);
    exit(2);
}

static void take_option(struct scenario *s, const char *key, const char *value)
{
    char *end = NULL;

    if (strcmp(key, "--variant") == 0) {
        s->variant = value;
        return;
    }
    if (strcmp(key, "--threads") == 0) {
        s->threads = (unsigned)strtoul(value, &end, 10);
    } else if (strcmp(key, "--scale") == 0) {
        s->scale = strtod(value, &end);
    } else {
        refuse(s->name, "unknown option");
    }
    if (*end != '\0' || s->threads < 1 || s->threads > SCENARIO_THREADS_MAX || !(s->scale > 0))
        refuse(s->name, "a value is out of range");
}

void scenario_start(struct scenario *s, const char *name, int argc, char **argv)
{
    *s = (struct scenario){.name = name, .variant = "", .scale = 1, .threads = 1};
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc)
            refuse(name, "an option lacks its value");
        take_option(s, argv[i], argv[i + 1]);
    }
    s->start_ns = scenario_now_ns();
}

size_t scenario_scaled(const struct scenario *s, double base)
{
    double n = base * s->scale;

    return n < 1 ? 1 : (size_t)n;
}

void scenario_stop_clock(struct scenario *s)
{
    s->end_ns = scenario_now_ns();
}

size_t scenario_rss_kib(void)
{
    char text[4096];
    int fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
    ssize_t got;
    char *at;

    if (fd < 0)
        return 0;
    got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0)
        return 0;
    text[got] = '\0';
    at = strstr(text, "\nRss:");
    return at == NULL ? 0 : strtoul(at + 5, NULL, 10);
}

static size_t highest_rss_kib;

void scenario_note_rss(void)
{
    size_t rss_kib = scenario_rss_kib();

    if (rss_kib > highest_rss_kib)
        highest_rss_kib = rss_kib;
}

static void report(struct scenario *s, const char *more)
{
    char line[512];
    int n;

    scenario_note_rss();
    n = snprintf(line, sizeof line, "scenario=%s threads=%u scale=%g time_s=%.4f rss_kib=%zu%s\n",
                 s->name, s->threads, s->scale, (double)(s->end_ns - s->start_ns) * 1e-9,
                 highest_rss_kib, more);
    if (write(STDOUT_FILENO, line, (size_t)n) != n)
        _exit(3);
}

void scenario_report(struct scenario *s)
{
    if (s->end_ns == 0)
        scenario_stop_clock(s);
    report(s, "");
}

void scenario_report_with(struct scenario *s, const char *key, double value)
{
    char more[128];

    if (s->end_ns == 0)
        scenario_stop_clock(s);
    snprintf(more, sizeof more, " %s=%.6g", key, value);
    report(s, more);
}

void *scenario_check(void *p)
{
    static const char message[] = "scenario: out of memory\n";

    if (p == NULL) {
        (void)!write(STDERR_FILENO, message, sizeof message - 1);
        _exit(4);
    }
    return p;
}

struct start {
    void (*body)(size_t thread_idx);
    size_t thread_idx;
};

static void *enter_thread(void *argument)
{
    struct start *start = argument;

    start->body(start->thread_idx);
    return NULL;
}

void scenario_run_threads(unsigned threads, void (*body)(size_t thread_idx))
{
    pthread_t handles[SCENARIO_THREADS_MAX];
    struct start starts[SCENARIO_THREADS_MAX];

    if (threads > SCENARIO_THREADS_MAX)
        refuse("scenario", "too many threads");
    for (unsigned i = 0; i < threads; i++) {
        starts[i] = (struct start){body, i};
        if (pthread_create(&handles[i], NULL, enter_thread, &starts[i]) != 0)
            refuse("scenario", "cannot create a thread");
    }
    for (unsigned i = 0; i < threads; i++)
        pthread_join(handles[i], NULL);
}
