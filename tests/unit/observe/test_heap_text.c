/* Profiles as text: lib/observe/heap_text.c.  tests/api/profiles.py has them read by others. */
#include "unit/alone.h"

#include <errno.h>

#include "observe/heap_text.h"
#include "unit/profiles.h"

enum { INTERVAL = 1 << 19 };

static int write_text(enum ep__heap_text form, enum ep__profile_kind kind, uint64_t interval,
                      int file)
{
    struct stream stream;
    ep__stream_begin(&stream, ep__stream_to_file, &file);
    ep__heap_text_put(&stream, form, kind, interval);
    return ep__stream_end(&stream);
}

static void the_form_of_jemalloc_has_stacks_before_counts(void)
{
    int file = make_file();
    struct sample sample = add_one_sample(INTERVAL);
    ep__profile_add(&sample);
    ep__profile_end(&sample, 1);
    assert_int_equal(write_text(EP__TEXT_JEMALLOC, EP__PROFILE_HEAP, INTERVAL, file), 0);
    (void)read_file(file);
    assert_ptr_equal(strstr(written, "heap_v2/524288\n  t*: 1: 100 [2: 200]\n@ 0x1234 0x"),
                     written);
    assert_non_null(strstr(written, "\n  t*: 1: 100 [2: 200]\n\nMAPPED_LIBRARIES:\n"));
    assert_non_null(strstr(written, "test_heap_text"));
}

static void the_form_of_gperftools_has_counts_before_stacks(void)
{
    int file = make_file();
    (void)add_one_sample(INTERVAL);
    assert_int_equal(write_text(EP__TEXT_GPERFTOOLS, EP__PROFILE_HEAP, INTERVAL, file), 0);
    (void)read_file(file);
    assert_ptr_equal(strstr(written, "heap profile: 1: 100 [1: 100] @ heap_v2/524288\n"
                                     "1: 100 [1: 100] @ 0x1234 0x"),
                     written);
}

static void a_file_that_cannot_be_written_is_an_error(void)
{
    int file = open("/dev/full", O_WRONLY);
    (void)add_one_sample(INTERVAL);
    assert_int_equal(write_text(EP__TEXT_JEMALLOC, EP__PROFILE_HEAP, INTERVAL, file), ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(the_form_of_jemalloc_has_stacks_before_counts),
        alone(the_form_of_gperftools_has_counts_before_stacks),
        alone(a_file_that_cannot_be_written_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
