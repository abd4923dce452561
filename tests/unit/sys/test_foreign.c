/* Reports of foreign pointers: lib/sys/foreign.c. */
#include "unit/alone.h"

#include <errno.h>

#include "sys/foreign.h"
#include "sys/options.h"

enum { OUTPUT_BYTES = 60000 };

static char output[OUTPUT_BYTES];

static const void *address(uintptr_t number)
{
    return (const void *)number;
}

static size_t count_lines(void)
{
    size_t lines = 0;
    for (const char *end = output; (end = strchr(end, '\n')) != NULL; end++)
        lines++;
    return lines;
}

static void a_report_names_the_call_the_pointer_and_the_place(void)
{
    struct capture capture;
    assert_int_equal(capture_begin(&capture), 0);
    errno = EDOM;
    ep__foreign_report("free", address(0xabc0), address(0x1234));
    assert_int_equal(errno, EDOM);
    capture_end(&capture, output, sizeof output);
    assert_string_equal(output, "epmalloc: free of 0xabc0, which epmalloc did not allocate, called "
                                "at 0x1234: ignored\n");
}

static void each_place_is_reported_once(void)
{
    struct capture capture;
    assert_int_equal(capture_begin(&capture), 0);
    for (unsigned round = 0; round < 10; round++)
        for (uintptr_t place = 1; place <= 20; place++)
            ep__foreign_report("free", address(round), address(place));
    capture_end(&capture, output, sizeof output);
    assert_int_equal(count_lines(), 20);
}

static void after_sixty_four_places_nothing_is_reported(void)
{
    struct capture capture;
    assert_int_equal(capture_begin(&capture), 0);
    for (uintptr_t place = 1; place <= 200; place++)
        ep__foreign_report("free", address(1), address(place));
    capture_end(&capture, output, sizeof output);
    assert_int_equal(count_lines(), 64);
}

static void report(void *place)
{
    ep__foreign_report("realloc", address(0x10), place);
}

static void with_the_option_a_report_aborts_whether_new_or_not(void)
{
    static const char line[] =
        "epmalloc: realloc of 0x10, which epmalloc did not allocate, called at 0x20\n";
    struct capture capture;
    assert_int_equal(capture_begin(&capture), 0);
    report((void *)(uintptr_t)0x20);
    capture_end(&capture, output, sizeof output);
    assert_true(ep__option_set(EP__OPTION_ABORT, 1));
    assert_true(aborts_saying(report, (void *)(uintptr_t)0x20, line));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_report_names_the_call_the_pointer_and_the_place),
        alone(each_place_is_reported_once),
        alone(after_sixty_four_places_nothing_is_reported),
        alone(with_the_option_a_report_aborts_whether_new_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
