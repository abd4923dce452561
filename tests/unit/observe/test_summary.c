/* The profile in words: lib/observe/summary.c. */
#include "unit/alone.h"

#include "observe/summary.h"
#include "unit/profiles.h"

enum { INTERVAL = 64 };

static void totals_lifetimes_and_threads_are_told(void)
{
    struct stream stream;
    int file = make_file();
    ep__stream_begin(&stream, ep__stream_to_file, &file);
    struct sample sample = add_one_sample(INTERVAL);
    ep__profile_add(&sample);
    ep__profile_end(&sample, 1500);
    ep__summary_put(&stream, EP__PROFILE_HEAP, INTERVAL);
    assert_int_equal(ep__stream_end(&stream), 0);
    (void)read_file(file);
    assert_non_null(strstr(written, "one sample in 64 bytes\n"));
    /* 100 bytes with an interval of 64 stand for 126. */
    assert_non_null(strstr(written, "252 bytes               3 blocks               2 samples\n"));
    assert_non_null(strstr(written, "126 bytes               1 blocks               1 samples\n"));
    assert_non_null(strstr(written, "       1 us               1\n"));
    assert_non_null(strstr(written, "\n1  allocated"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(totals_lifetimes_and_threads_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
