/* Children of a stress program (harness.h). */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

/* Read, because under valgrind the target of the link is not what the link leads to. */
void stress_own_path(char *path, size_t room)
{
    ssize_t length = readlink("/proc/self/exe", path, room - 1);
    stress_require(length > 0, "/proc/self/exe: %s", strerror(errno));
    path[length] = '\0';
}

pid_t stress_fork(void)
{
    pid_t child = fork();
    stress_require(child >= 0, "fork: %s", strerror(errno));
    return child;
}

void stress_child_await(pid_t child, int status, const char *format, ...)
{
    char which[256];
    int end = 0;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(which, sizeof which, format, arguments);
    va_end(arguments);
    stress_doing("waiting for a child");
    while (waitpid(child, &end, 0) != child)
        stress_require(errno == EINTR, "waitpid: %s", strerror(errno));
    if (WIFSIGNALED(end))
        stress_fail("%s was ended by signal %d (%s)%s", which, WTERMSIG(end),
                    strsignal(WTERMSIG(end)), WTERMSIG(end) == SIGALRM ? ": it hung" : "");
    stress_require(WEXITSTATUS(end) == status, "%s ended with status %d, not %d", which,
                   WEXITSTATUS(end), status);
}
