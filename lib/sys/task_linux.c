/* Threads on Linux.  The contract stands in task.h. */
#include "sys/task.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "sys/atomic.h"

uint32_t ep__task_number(void)
{
    return (uint32_t)gettid();
}

bool ep__task_is_first(void)
{
    return gettid() == getpid();
}

/* The mask is too short for a machine of more than 1024 processors: those are as many as it has room for. */
static uint32_t ask_processors(void)
{
    int saved = errno;
    cpu_set_t usable;
    int count =
        sched_getaffinity(0, sizeof usable, &usable) == 0 ? CPU_COUNT(&usable) : CPU_SETSIZE;
    errno = saved;
    return (uint32_t)count;
}

uint32_t ep__task_processors(void)
{
    static _Atomic(uint32_t) known;
    /* order: relaxed -- a number for a policy, the same whoever stores it */
    uint32_t count = ep__load_relaxed(&known);
    if (count != 0)
        return count;
    count = ask_processors();
    /* order: relaxed -- see above */
    ep__store_relaxed(&known, count);
    return count;
}

void ep__task_pause(void)
{
    enum { PAUSE_NS = 50000 };
    int saved = errno;
    (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    errno = saved;
}

/* The clock of a thread's processor time is named by the number that the C library has of the thread, inverted,
 * with the clock's kind in the lowest three bits. */
bool ep__task_is_known(void)
{
    clockid_t clock;
    return pthread_getcpuclockid(pthread_self(), &clock) == 0 && ~(clock >> 3) == gettid();
}

/* The process's state and its number of threads: fields 3 and 20 of its line, "1 (a name) S ...".  A main thread that
 * has ended stays, as a zombie, as long as there are others. */
static bool is_last_in(const char *line)
{
    enum { FIELDS_FROM_STATE_TO_THREADS = 17 };
    const char *state = strrchr(line, ')');
    if (state == NULL || state[1] != ' ')
        return false;
    state += 2;
    const char *field = state;
    for (unsigned i = 0; i < FIELDS_FROM_STATE_TO_THREADS && field != NULL; i++)
        field = strchr(field + 1, ' ');
    return field != NULL && *state == 'Z' && strncmp(field, " 2 ", 3) == 0;
}

bool ep__task_is_last(void)
{
    char line[512];
    int saved = errno;
    int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, line, sizeof line - 1);
    if (file >= 0)
        (void)close(file);
    errno = saved;
    if (length <= 0)
        return false;
    line[length] = '\0';
    return is_last_in(line);
}

void ep__task_set_name(const char *name)
{
    (void)prctl(PR_SET_NAME, name, 0, 0, 0);
}

void ep__task_sleep(uint64_t milliseconds)
{
    int saved = errno;
    struct timespec wait = {.tv_sec = (time_t)(milliseconds / 1000),
                            .tv_nsec = (long)(milliseconds % 1000) * 1000000};
    (void)nanosleep(&wait, NULL);
    errno = saved;
}
