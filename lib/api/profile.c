/* The profiler and the leak report.  Contracts: include/epmalloc/profile.h. */
#include <epmalloc/epmalloc.h>
#include <errno.h>

#include "observe/leaks.h"
#include "observe/profile.h"
#include "observe/profiler.h"
#include "observe/sampling.h"

/* 0, or -1 and errno. */
static int result_of(int failure)
{
    if (failure == 0)
        return 0;
    errno = failure;
    return -1;
}

int ep_profile_start(size_t interval_bytes)
{
    return result_of(ep__profiler_start(interval_bytes));
}

void ep_profile_stop(void)
{
    ep__sampling_stop();
}

int ep_profile_write(int file, enum ep_profile_format format, enum ep_profile_kind kind)
{
    return result_of(ep__profiler_write(file, format, kind));
}

void ep_profile_mark(void)
{
    ep__profile_mark();
}

EP__NOINLINE int ep_leaks_write(int file, struct ep_leaks *leaks)
{
    struct ep_leaks sums = {.struct_bytes = sizeof sums};
    if (leaks != NULL && leaks->struct_bytes != sizeof *leaks)
        return result_of(EINVAL);
    int failure = ep__leaks_write(file, &sums);
    if (failure == 0 && leaks != NULL)
        *leaks = sums;
    return result_of(failure);
}
