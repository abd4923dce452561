/* Threads on Linux.  The contract stands in task.h. */
#include "sys/task.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

uint32_t ep__task_number(void)
{
    return (uint32_t)gettid();
}

bool ep__task_is_first(void)
{
    return gettid() == getpid();
}

void ep__task_pause(void)
{
    enum { PAUSE_NS = 50000 };
    int saved = errno;
    (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    errno = saved;
}
