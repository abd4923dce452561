/* Gzip: lib/observe/gzip.c.  tests/api/profiles.py has it read by others. */
#include "unit/alone.h"

#include <errno.h>

#include "observe/gzip.h"

static char written[256];
static size_t length;

static int keep(void *to, const char *bytes, size_t count)
{
    assert_null(to);
    memcpy(written + length, bytes, count);
    length += count;
    return 0;
}

static int refuse(void *to, const char *bytes, size_t count)
{
    assert_non_null(bytes);
    (void)count;
    ++*(unsigned *)to;
    return ENOSPC;
}

static void bytes_are_stored_between_header_and_trailer(void)
{
    static const unsigned char wanted[] = {0x1f, 0x8b, 8,    0,    0,    0,   0,   0,
                                           0,    0xff,                                  /* header */
                                           0,    2,    0,    0xfd, 0xff, 'h', 'e',      /* stored */
                                           0,    3,    0,    0xfc, 0xff, 'l', 'l', 'o', /* stored */
                                           1,    0,    0,    0xff, 0xff,               /* the end */
                                           0x86, 0xa6, 0x10, 0x36, 5,    0,   0,   0}; /* CRC-32 */
    struct gzip gzip;
    ep__gzip_begin(&gzip, keep, NULL);
    assert_int_equal(ep__gzip_sink(&gzip, "he", 2), 0);
    assert_int_equal(ep__gzip_sink(&gzip, "llo", 3), 0);
    assert_int_equal(ep__gzip_end(&gzip), 0);
    assert_int_equal(length, sizeof wanted);
    assert_memory_equal(written, wanted, sizeof wanted);
}

static void the_first_failure_ends_it(void)
{
    struct gzip gzip;
    unsigned calls = 0;
    ep__gzip_begin(&gzip, refuse, &calls);
    assert_int_equal(ep__gzip_sink(&gzip, "he", 2), ENOSPC);
    assert_int_equal(ep__gzip_end(&gzip), ENOSPC);
    assert_int_equal(calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(bytes_are_stored_between_header_and_trailer),
        alone(the_first_failure_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
