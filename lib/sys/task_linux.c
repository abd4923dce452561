/* Threads on Linux.  The contract stands in task.h. */
#include "sys/task.h"

#include <errno.h>
#include <sched.h>
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
