/* Time for policies: lib/sys/clock_linux.c. */
#include "unit/alone.h"

#include <errno.h>
#include <time.h>

#include "sys/clock.h"

static uint64_t kernel_ms(clockid_t clock)
{
    struct timespec now;
    assert_int_equal(clock_gettime(clock, &now), 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void the_clock_is_the_kernels_monotonic_one(void)
{
    errno = EDOM;
    uint64_t before = kernel_ms(CLOCK_MONOTONIC_COARSE);
    uint64_t now = ep__clock_ms();
    uint64_t after = kernel_ms(CLOCK_MONOTONIC);
    assert_in_range(now, before, after);
    assert_int_equal(errno, EDOM);
}

static void the_clock_never_goes_back_and_goes_on(void)
{
    uint64_t first = ep__clock_ms();
    uint64_t last = first;
    while (last < first + 20) {
        uint64_t now = ep__clock_ms();
        assert_true(now >= last);
        last = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(the_clock_is_the_kernels_monotonic_one),
        alone(the_clock_never_goes_back_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
