/* The test program run again, in a process of its own, so that what it does first is the process's first.
 *
 * The child is this program with one argument and, if wanted, EPMALLOC_CONF; what it writes to stdout and
 * stderr together comes back. */
#ifndef TESTS_CHILD_H
#define TESTS_CHILD_H

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_OUTPUT_BYTES = 8192 };

struct child {
    int status;                      /* as waitpid() gives it; -1: could not be run */
    char output[CHILD_OUTPUT_BYTES]; /* ended by a NUL */
};

static inline pid_t child_spawn(const char *argument, int output)
{
    extern char **environ;
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;
    char path[4096] = "";
    char *arguments[] = {path, (char *)argument, NULL};
    /* Its name and not the link, which means another program under valgrind. */
    if (readlink("/proc/self/exe", path, sizeof path - 1) < 0)
        return -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    int failed = posix_spawn(&pid, path, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return failed ? -1 : pid;
}

/* Runs this program with `argument`, and with EPMALLOC_CONF=conf unless conf is NULL. */
static inline void child_run(struct child *child, const char *argument, const char *conf)
{
    int ends[2];
    size_t length = 0;
    ssize_t got = 1;
    child->status = -1;
    child->output[0] = '\0';
    if (pipe2(ends, O_CLOEXEC) != 0)
        return;
    if (conf != NULL)
        setenv("EPMALLOC_CONF", conf, 1);
    pid_t pid = child_spawn(argument, ends[1]);
    unsetenv("EPMALLOC_CONF");
    close(ends[1]);
    while (got > 0) {
        got = read(ends[0], child->output + length, sizeof child->output - 1 - length);
        length += got > 0 ? (size_t)got : 0;
    }
    child->output[length] = '\0';
    close(ends[0]);
    if (pid > 0)
        waitpid(pid, &child->status, 0);
}

#endif
