/*
 * measured_run: runs one program and reports what it cost.
 *
 *   measured_run [--preload LIBRARY] [--timeout SECONDS] --report FD -- PROGRAM [ARGUMENT...]
 *
 * Writes one JSON object to FD: wall time, user and system time, peak RSS, minor faults, exit
 * code or signal.  Children that the program has waited for count, with the highest of their
 * peaks.  Why a program of its own: Linux lets a process inherit the peak RSS of the one that
 * called exec, so a child started by a Python driver shows at least Python's memory.  This one is static
 * and takes less than 1 MiB.  SIGTERM and SIGINT are passed on, for servers; a program that
 * does not end on them is killed after a while, and whatever it leaves behind at once.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { END_S = 10 };

struct order {
    const char *preload;
    unsigned timeout_s;
    int report_fd;
    char **command;
};

static volatile sig_atomic_t timed_out;
static volatile pid_t child;

static _Noreturn void refuse(const char *what)
{
    fprintf(stderr, "measured_run: %s\n", what);
    exit(125);
}

static void take_options(struct order *order, int argc, char **argv)
{
    int i = 1;

    *order = (struct order){.report_fd = -1};
    for (; i + 1 < argc && strcmp(argv[i], "--") != 0; i += 2) {
        if (strcmp(argv[i], "--preload") == 0)
            order->preload = argv[i + 1];
        else if (strcmp(argv[i], "--timeout") == 0)
            order->timeout_s = (unsigned)atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--report") == 0)
            order->report_fd = atoi(argv[i + 1]);
        else
            refuse("unknown option");
    }
    if (i + 1 >= argc || order->report_fd < 0)
        refuse("usage: [--preload LIBRARY] [--timeout SECONDS] --report FD -- PROGRAM ...");
    order->command = argv + i + 1;
}

static void on_signal(int number)
{
    if (number == SIGALRM) {
        timed_out = 1;
        kill(-child, SIGKILL);
    } else {
        kill(child, number);
        alarm(END_S);
    }
}

static void start_child(const struct order *order)
{
    child = fork();
    if (child < 0)
        refuse("cannot fork");
    if (child != 0)
        return;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(order->report_fd);
    if (order->preload != NULL)
        setenv("LD_PRELOAD", order->preload, 1);
    execvp(order->command[0], order->command);
    fprintf(stderr, "measured_run: cannot start %s: %s\n", order->command[0], strerror(errno));
    _exit(126);
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) * 1e-9;
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

static void report(const struct order *order, double wall_s, int status, const struct rusage *usage)
{
    dprintf(order->report_fd,
            "{\"wall_s\": %.4f, \"user_s\": %.4f, \"sys_s\": %.4f, \"peak_rss_kib\": %ld, "
            "\"minor_faults\": %ld, \"exit\": %d, \"signal\": %d, \"timed_out\": %s}\n",
            wall_s, seconds_of(usage->ru_utime), seconds_of(usage->ru_stime), usage->ru_maxrss,
            usage->ru_minflt, WIFEXITED(status) ? WEXITSTATUS(status) : 0,
            WIFSIGNALED(status) ? WTERMSIG(status) : 0, timed_out ? "true" : "false");
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct order order;
    struct timespec start;
    struct rusage usage;
    int status;

    take_options(&order, argc, argv);
    clock_gettime(CLOCK_MONOTONIC, &start);
    start_child(&order);
    sigaction(SIGALRM, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    alarm(order.timeout_s);
    while (wait4(child, &status, 0, &usage) < 0) {
        if (errno != EINTR)
            refuse("cannot wait for the program");
    }
    kill(-child, SIGKILL);
    report(&order, seconds_since(&start), status, &usage);
    return 0;
}
