/* A run in a control group whose memory the kernel limits (harness.h).
 *
 * A group of version 2 is made in the group of this process, or in the nearest one above that gives the memory
 * controller to its children; or in the folder that --cgroup names.  A child enters it and goes on with the run; the
 * parent waits for it outside, and removes the group.  Where no group can be made, the run is skipped.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

enum { SKIPPED = 77, PATH = 4096, TEXT = 4096 };

/* The group of this run. */
static char group[PATH + 64];

static _Noreturn __attribute__((format(printf, 1, 2))) void skip(const char *format, ...)
{
    char why[PATH + 256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    (void)printf("%-18s skipped: %s\n", stress_program.name, why);
    exit(SKIPPED);
}

/* A file of a group as text; empty where it cannot be read. */
static void read_file(const char *folder, const char *name, char text[TEXT])
{
    char path[PATH + 128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? 0 : read(file, text, TEXT - 1);
    if (file >= 0)
        (void)close(file);
    text[length < 0 ? 0 : length] = '\0';
}

static bool write_file(const char *folder, const char *name, const char *text)
{
    char path[PATH + 128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    bool is_written = file >= 0 && write(file, text, strlen(text)) > 0;
    if (file >= 0)
        (void)close(file);
    return is_written;
}

static bool has_memory(const char *folder, const char *name)
{
    char text[TEXT];
    read_file(folder, name, text);
    return strstr(text, "memory") != NULL;
}

/* Makes the group in this folder, if its children may have the memory controller. */
static bool make_group_in(const char *folder)
{
    bool gives_memory = has_memory(folder, "cgroup.controllers") &&
                        (has_memory(folder, "cgroup.subtree_control") ||
                         write_file(folder, "cgroup.subtree_control", "+memory"));
    (void)snprintf(group, sizeof group, "%s/stress-%d", folder, (int)getpid());
    return gives_memory && mkdir(group, 0755) == 0;
}

/* The group that this process is in, as a folder. */
static void find_own_group(char folder[PATH])
{
    char text[TEXT];
    read_file("/proc/self", "cgroup", text);
    const char *line = strstr(text, "0::");
    if (line == NULL || access("/sys/fs/cgroup/cgroup.controllers", R_OK) != 0)
        skip("/sys/fs/cgroup has no control groups of version 2 (--cgroup names a folder)");
    (void)snprintf(folder, PATH, "/sys/fs/cgroup%.*s", (int)strcspn(line + 3, "\n"), line + 3);
}

static void make_group(const char *named)
{
    char folder[PATH];
    if (named != NULL) {
        if (!make_group_in(named))
            skip("%s cannot have a group with a limit of memory", named);
        return;
    }
    find_own_group(folder);
    while (!make_group_in(folder)) {
        char *last = strrchr(folder, '/');
        if (strcmp(folder, "/sys/fs/cgroup") == 0)
            skip("neither the control group of this process nor one above it can have a group "
                 "with a limit of memory");
        *last = '\0';
    }
}

/* The parent's: waits, removes the group, and ends as the child did. */
static _Noreturn void wait_outside(pid_t child)
{
    siginfo_t end;
    while (waitid(P_PID, (id_t)child, &end, WEXITED | WNOWAIT) != 0)
        stress_require(errno == EINTR, "waitid: %s", strerror(errno));
    (void)write_file(group, "cgroup.kill", "1");
    while (rmdir(group) != 0) {
        stress_require(errno == EBUSY, "%s cannot be removed: %s", group, strerror(errno));
        stress_sleep(0.01); /* who was killed takes a moment to die */
    }
    if (end.si_code == CLD_EXITED && end.si_status == SKIPPED)
        exit(SKIPPED);
    stress_child_await(child, 0, "the run under a limit of memory");
    exit(0);
}

void stress_limit_enter(const struct stress_settings *settings)
{
    char bytes[32];
    (void)snprintf(bytes, sizeof bytes, "%zu", (size_t)settings->limit_mib << 20);
    make_group(settings->cgroup);
    bool is_limited = write_file(group, "memory.max", bytes);
    /* Without swap there is no such file; where the kernel kills, it is to kill the whole run. */
    (void)write_file(group, "memory.swap.max", "0");
    (void)write_file(group, "memory.oom.group", "1");
    pid_t child = stress_fork();
    if (child != 0)
        wait_outside(child);
    if (!is_limited || !write_file(group, "cgroup.procs", "0"))
        skip("%s cannot be limited or entered", group);
}

void stress_limit_report(const struct stress_settings *settings)
{
    char peak[TEXT];
    read_file(group, "memory.peak", peak);
    stress_report("limit_mib=%u group_peak_mib=%llu", settings->limit_mib,
                  strtoull(peak, NULL, 10) >> 20);
}
