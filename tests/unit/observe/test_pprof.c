/* Profiles as pprof reads them: lib/observe/pprof.c.  tests/api/profiles.py has them read by others. */
#include "unit/alone.h"

#include <errno.h>

#include "fake/vm_failing.h"
#include "observe/pprof.h"
#include "unit/profiles.h"

enum { INTERVAL = 1 << 19 };

/* The content of a gzip file of stored blocks, in its place; returns its length. */
static size_t unpack(size_t length)
{
    size_t to = 0;
    size_t from = 10;
    assert_memory_equal(written, "\x1f\x8b\x08\0", 4);
    while (written[from] == 0) {
        size_t block = (unsigned char)written[from + 1] | (size_t)(unsigned char)written[from + 2]
                                                              << 8;
        memmove(written + to, written + from + 5, block);
        to += block;
        from += 5 + block;
    }
    assert_int_equal(from + 5 + 8, length);
    return to;
}

static bool has(size_t length, const char *bytes, size_t count)
{
    return memmem(written, length, bytes, count) != NULL;
}

static void a_site_is_a_sample_with_its_locations(void)
{
    int file = make_file();
    struct sample sample = add_one_sample(INTERVAL);
    ep__profile_add(&sample);
    ep__profile_end(&sample, 1);
    assert_int_equal(ep__pprof_write(EP__PROFILE_HEAP, INTERVAL, file), 0);
    size_t length = unpack(read_file(file));
    /* Types of samples: strings 1 and 2, 3 and 4, 5 and 2, 6 and 4. */
    assert_true(has(length, "\x0a\x04\x08\x01\x10\x02\x0a\x04\x08\x03\x10\x04", 12));
    assert_true(has(length, "\x32\x0binuse_space", 13));
    /* A location whose number is its address: 0x1233, in no mapping. */
    assert_true(has(length, "\x22\x06\x08\xb3\x24\x18\xb3\x24", 8));
    assert_true(has(length, "test_pprof", 10));
    /* Period 2^19, the default type's string. */
    assert_true(has(length, "\x60\x80\x80\x20", 4));
    assert_true(has(length, "\x70\x06", 2));
}

static void without_memory_it_says_so(void)
{
    (void)add_one_sample(INTERVAL);
    vm_failing_plan(1, 1);
    assert_int_equal(ep__pprof_write(EP__PROFILE_HEAP, INTERVAL, make_file()), ENOMEM);
}

static void a_file_that_cannot_be_written_is_an_error(void)
{
    (void)add_one_sample(INTERVAL);
    assert_int_equal(ep__pprof_write(EP__PROFILE_HEAP, INTERVAL, open("/dev/full", O_WRONLY)),
                     ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_site_is_a_sample_with_its_locations),
        alone(without_memory_it_says_so),
        alone(a_file_that_cannot_be_written_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
