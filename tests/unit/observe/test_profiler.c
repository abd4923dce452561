/* The profiler: lib/observe/profiler.c. */
#include "unit/alone.h"

#include <errno.h>

#include "observe/profiler.h"
#include "observe/sampling.h"
#include "sys/options.h"
#include "unit/profiles.h"

static void every_format_is_written(void)
{
    static const char *const beginnings[] = {
        [EP_PROFILE_PPROF] = "\x1f\x8b",
        [EP_PROFILE_JEMALLOC] = "heap_v2/",
        [EP_PROFILE_GPERFTOOLS] = "heap profile: ",
        [EP_PROFILE_SUMMARY] = "epmalloc profile, one sample in ",
    };
    assert_int_equal(ep__profiler_start(1 << 16), 0);
    assert_non_null(ep_malloc(4U << 20));
    for (unsigned format = 0; format < 4; format++) {
        int file = make_file();
        assert_int_equal(
            ep__profiler_write(file, (enum ep_profile_format)format, EP_PROFILE_GROWTH), 0);
        (void)read_file(file);
        assert_memory_equal(written, beginnings[format], strlen(beginnings[format]));
    }
    assert_int_equal(ep__profiler_write(1, (enum ep_profile_format)4, EP_PROFILE_HEAP), EINVAL);
    assert_int_equal(ep__profiler_write(1, EP_PROFILE_PPROF, (enum ep_profile_kind)3), EINVAL);
}

static void nothing_can_be_written_before_the_first_start(void)
{
    assert_int_equal(ep__profiler_write(1, EP_PROFILE_PPROF, EP_PROFILE_HEAP), EINVAL);
    assert_int_equal(ep__profiler_start((size_t)5 << 30), EINVAL);
}

static void the_option_is_the_interval_of_a_start_without_one(void)
{
    assert_int_equal(ep__options_parse("sample:12345"), 0);
    assert_int_equal(ep__profiler_start(0), 0);
    assert_int_equal(ep__sampling_interval(), 12345);
}

static void a_file_in_the_working_folder_is_named(void)
{
    char folder[] = "/tmp/profile.XXXXXX";
    char output[256];
    struct capture capture;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(ep__profiler_start(0), 0);
    assert_int_equal(capture_begin(&capture), 0);
    ep__profiler_write_file();
    ep__profiler_write_file();
    capture_end(&capture, output, sizeof output);
    char *name = strstr(output, "the heap profile is in epmalloc.");
    assert_non_null(name);
    char *end = strchr(name, '\n');
    *end = 0;
    assert_int_equal(unlink(name + strlen("the heap profile is in ")), 0);
    assert_non_null(strstr(end + 1, ".1.pb.gz\n"));
    assert_int_equal(chdir("/proc"), 0);
    assert_int_equal(capture_begin(&capture), 0);
    ep__profiler_write_file();
    capture_end(&capture, output, sizeof output);
    assert_non_null(strstr(output, "no heap profile in epmalloc."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(every_format_is_written),
        alone(nothing_can_be_written_before_the_first_start),
        alone(the_option_is_the_interval_of_a_start_without_one),
        alone(a_file_in_the_working_folder_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
