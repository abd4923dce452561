/* Time on Linux.  The contract stands in clock.h. */
#include "sys/clock.h"

#include <time.h>

uint64_t ep__clock_ms(void)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000U + (uint64_t)now.tv_nsec / 1000000U;
}

static uint64_t read_ns(clockid_t clock)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

uint64_t ep__clock_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

uint64_t ep__clock_realtime_ns(void)
{
    return read_ns(CLOCK_REALTIME);
}
