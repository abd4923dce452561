/* Options, failure and the result line of every stress program (harness.h). */
#include "harness.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "allocator.h"
#include "oracle.h"

static struct stress_settings settings;
static double start_seconds;
static char result[2048];

static double read_clock(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double stress_seconds(void)
{
    return read_clock() - start_seconds;
}

void stress_sleep(double seconds)
{
    struct timespec pause = {.tv_sec = (time_t)seconds,
                             .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, &pause) == EINTR) {
    }
}

/* One write per line, so that lines of threads do not mix. */
static void write_line(int file, char *line, size_t room)
{
    size_t length = strnlen(line, room - 1);
    line[length++] = '\n';
    if (write(file, line, length) < 0)
        _exit(3);
}

void stress_say(const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    write_line(STDERR_FILENO, line, sizeof line);
}

_Noreturn void stress_fail(const char *format, ...)
{
    char what[768];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    stress_say("%s: FAILED: %s", stress_program.name, what);
    stress_say("%s: replay: --seed 0x%llx --threads %u --seconds %g%s", stress_program.name,
               (unsigned long long)settings.seed, settings.threads, settings.seconds,
               settings.smoke ? " --smoke" : "");
    abort();
}

bool stress_is_bounded(void)
{
    return settings.bounds && stress_allocator.alone;
}

void stress_bound(const char *what, size_t resident, size_t bound)
{
    struct ep_stats account;
    if (!stress_is_bounded())
        return;
    if (resident > bound && stress_allocator.account(&account))
        stress_account_say(&account);
    stress_require(resident <= bound, "%s: resident memory is %zu bytes, the bound is %zu", what,
                   resident, bound);
}

void stress_report(const char *format, ...)
{
    char figures[512];
    size_t used = strlen(result);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(figures, sizeof figures, format, arguments);
    va_end(arguments);
    (void)snprintf(result + used, sizeof result - used, " %s", figures);
}

static _Noreturn void print_usage(int status)
{
    stress_say(
        "usage: %s [--seconds N] [--threads N] [--seed N] [--smoke] [--patience N] "
        "[--jitter N] [--memory-limit MIB] [--cgroup DIR] [--no-bounds] [--no-child-threads]",
        stress_program.name);
    exit(status);
}

static double read_number(const char *text, double lowest, double highest)
{
    char *end = NULL;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= lowest) || !(value <= highest)) {
        stress_say("%s: %s is not a number from %.0f to %.0f", stress_program.name, text, lowest,
                   highest);
        print_usage(2);
    }
    return value;
}

static uint64_t read_seed(const char *text)
{
    char *end = NULL;
    unsigned long long value = strtoull(text, &end, 0);
    if (end == text || *end != '\0') {
        stress_say("%s: %s is not a seed", stress_program.name, text);
        print_usage(2);
    }
    return value;
}

static uint64_t draw_seed(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_sec << 20 ^ (uint64_t)now.tv_nsec ^ (uint64_t)getpid()) & 0xffffffffU;
}

static void take_option(int option)
{
    switch (option) {
    case 's':
        settings.seconds = read_number(optarg, 0, 1e6);
        break;
    case 't':
        settings.threads = (unsigned)read_number(optarg, 1, STRESS_THREADS_MAX);
        break;
    case 'r':
        settings.seed = read_seed(optarg);
        break;
    case 'm':
        settings.smoke = true;
        break;
    case 'p':
        settings.patience_seconds = (unsigned)read_number(optarg, 1, 1e6);
        break;
    case 'j':
        settings.jitter_per_second = (unsigned)read_number(optarg, 0, 100000);
        break;
    case 'l':
        settings.limit_mib = (unsigned)read_number(optarg, 1, 1e6);
        break;
    case 'g':
        settings.cgroup = optarg;
        break;
    case 'b':
        settings.bounds = false;
        break;
    case 'n':
        settings.child_threads = false;
        break;
    case 'c':
        if (stress_program.child != NULL) {
            stress_program.child();
            exit(0);
        }
        print_usage(2);
    default:
        print_usage(option == 'h' ? 0 : 2);
    }
}

static void take_options(int count, char **arguments)
{
    static const struct option known[] = {
        {"seconds", required_argument, NULL, 's'},
        {"threads", required_argument, NULL, 't'},
        {"seed", required_argument, NULL, 'r'},
        {"smoke", no_argument, NULL, 'm'},
        {"patience", required_argument, NULL, 'p'},
        {"memory-limit", required_argument, NULL, 'l'},
        {"cgroup", required_argument, NULL, 'g'},
        {"child", no_argument, NULL, 'c'},
        {"no-bounds", no_argument, NULL, 'b'},
        {"no-child-threads", no_argument, NULL, 'n'},
        {"jitter", required_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    settings.seconds = -1;
    settings.bounds = true;
    settings.child_threads = true;
    settings.seed = draw_seed();
    settings.threads = stress_program.threads;
    settings.patience_seconds = 120;
    settings.jitter_per_second = 2000;
    int option;
    while ((option = getopt_long(count, arguments, "", known, NULL)) != -1)
        take_option(option);
    if (optind != count)
        print_usage(2);
    if (settings.seconds < 0)
        settings.seconds = settings.smoke ? stress_program.smoke_seconds : stress_program.seconds;
}

int main(int count, char **arguments)
{
    start_seconds = read_clock();
    take_options(count, arguments);
    if (settings.limit_mib != 0)
        stress_limit_enter(&settings);
    stress_say("%s: allocator %s, --seed 0x%llx --threads %u --seconds %g%s", stress_program.name,
               stress_allocator.name, (unsigned long long)settings.seed, settings.threads,
               settings.seconds, settings.smoke ? " --smoke" : "");
    stress_watchdog_start(settings.patience_seconds);
    stress_jitter_start(settings.jitter_per_second);
    stress_program.run(&settings);
    if (settings.limit_mib != 0)
        stress_limit_report(&settings);

    char line[sizeof result + 256];
    (void)snprintf(line, sizeof line - 1,
                   "%-18s ok allocator=%s seed=0x%llx threads=%u seconds=%.1f%s",
                   stress_program.name, stress_allocator.name, (unsigned long long)settings.seed,
                   settings.threads, stress_seconds(), result);
    write_line(STDOUT_FILENO, line, sizeof line);
    return 0;
}
