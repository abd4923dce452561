/* The public names of the profiler: lib/api/profile.c. */
#include "unit/alone.h"

#include <errno.h>

#include <epmalloc/epmalloc.h>

static void failures_are_in_errno(void)
{
    errno = 0;
    assert_int_equal(ep_profile_write(1, EP_PROFILE_PPROF, EP_PROFILE_HEAP), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(ep_profile_start(1000), 0);
    assert_int_equal(ep_profile_start(1000), 0);
    ep_profile_stop();
    errno = 0;
    assert_int_equal(ep_profile_start(1001), -1);
    assert_int_equal(errno, EINVAL);
}

static void a_profile_is_written_after_the_stop(void)
{
    assert_int_equal(ep_profile_start(1000), 0);
    void *p = ep_malloc(1000000);
    ep_profile_mark();
    ep_profile_stop();
    int file = open("/dev/null", O_WRONLY);
    assert_int_equal(ep_profile_write(file, EP_PROFILE_PPROF, EP_PROFILE_PEAK), 0);
    ep_free(p);
}

static void the_leak_report_needs_no_sums(void)
{
    assert_int_equal(ep_leaks_write(open("/dev/null", O_WRONLY), NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(failures_are_in_errno),
        alone(a_profile_is_written_after_the_stop),
        alone(the_leak_report_needs_no_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
