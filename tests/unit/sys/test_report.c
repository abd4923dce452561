/* Messages and texts: lib/sys/report.c. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture.h"
#include "sys/report.h"

static void a_text_that_fits_is_whole_and_ended(void **state)
{
    char buffer[64];
    struct text text;
    (void)state;
    ep__text_begin(&text, buffer, sizeof buffer);
    ep__text_put(&text, "a=");
    ep__text_put_dec(&text, 120);
    ep__text_put_bytes(&text, ",xyz", 2);
    ep__text_put_hex(&text, 0xbeef);
    assert_string_equal(buffer, "a=120,x0xbeef");
    assert_int_equal(text.length, strlen(buffer));
    assert_true(ep__text_check(&text));
}

static void a_text_that_does_not_fit_is_cut_and_its_length_counts_on(void **state)
{
    char buffer[5] = "....";
    struct text text;
    (void)state;
    ep__text_begin(&text, buffer, sizeof buffer);
    ep__text_put(&text, "abc");
    ep__text_put(&text, "defg");
    ep__text_put(&text, "h");
    assert_string_equal(buffer, "abcd");
    assert_int_equal(text.length, 8);
    assert_true(ep__text_check(&text));
}

static void a_text_without_a_buffer_only_counts(void **state)
{
    struct text text;
    (void)state;
    ep__text_begin(&text, NULL, 0);
    ep__text_put(&text, "abc");
    ep__text_put_dec(&text, 10);
    assert_int_equal(text.length, 5);
    assert_true(ep__text_check(&text));
}

static void a_buffer_of_one_byte_holds_the_nul(void **state)
{
    char byte = 'x';
    struct text text;
    (void)state;
    ep__text_begin(&text, &byte, 1);
    ep__text_put(&text, "abc");
    assert_int_equal(byte, 0);
    assert_int_equal(text.length, 3);
}

static void numbers_are_written_to_their_ends(void **state)
{
    char buffer[80];
    struct text text;
    (void)state;
    ep__text_begin(&text, buffer, sizeof buffer);
    ep__text_put_dec(&text, 0);
    ep__text_put(&text, " ");
    ep__text_put_dec(&text, UINT64_MAX);
    ep__text_put(&text, " ");
    ep__text_put_hex(&text, UINT64_MAX);
    ep__text_put(&text, " ");
    ep__text_put_hex(&text, 0);
    assert_string_equal(buffer, "0 18446744073709551615 0xffffffffffffffff 0x0");
}

static void quoting_hides_control_bytes_and_shortens(void **state)
{
    char buffer[128];
    char word[80];
    struct text text;
    (void)state;
    ep__text_begin(&text, buffer, sizeof buffer);
    ep__text_put_quoted(&text, "a\nb\x1b\xff~", 6);
    assert_string_equal(buffer, "\"a?b??~\"");
    memset(word, 'w', sizeof word);
    ep__text_begin(&text, buffer, sizeof buffer);
    ep__text_put_quoted(&text, word, sizeof word);
    assert_int_equal(strlen(buffer), 1 + 64 + 3 + 1);
    assert_string_equal(buffer + 65, "...\"");
}

static void a_report_is_one_line_and_keeps_errno(void **state)
{
    struct capture capture;
    struct report report;
    char output[1024];
    (void)state;
    assert_int_equal(capture_begin(&capture), 0);
    errno = EBUSY;
    ep__report_begin(&report);
    ep__report_text(&report, "free of ");
    ep__report_hex(&report, 0x1000);
    ep__report_text(&report, ", ");
    ep__report_dec(&report, 7);
    ep__report_quoted(&report, "k", 1);
    ep__report_emit(&report);
    int errno_after = errno;
    capture_end(&capture, output, sizeof output);
    assert_int_equal(errno_after, EBUSY);
    assert_string_equal(output, "epmalloc: free of 0x1000, 7\"k\"\n");
}

static void a_report_that_is_too_long_still_ends_in_a_newline(void **state)
{
    struct capture capture;
    struct report report;
    char output[2 * EP__REPORT_LINE_BYTES];
    (void)state;
    assert_int_equal(capture_begin(&capture), 0);
    ep__report_begin(&report);
    for (unsigned i = 0; i < EP__REPORT_LINE_BYTES / 4; i++)
        ep__report_text(&report, "12345678");
    ep__report_emit(&report);
    size_t length = capture_end(&capture, output, sizeof output);
    assert_int_equal(length, EP__REPORT_LINE_BYTES);
    assert_ptr_equal(strchr(output, '\n'), output + length - 1);
}

static void a_closed_stderr_is_no_error(void **state)
{
    struct report report;
    (void)state;
    int stderr_before = dup(STDERR_FILENO);
    close(STDERR_FILENO);
    errno = 0;
    ep__report_begin(&report);
    ep__report_emit(&report);
    int errno_after = errno;
    dup2(stderr_before, STDERR_FILENO);
    close(stderr_before);
    assert_int_equal(errno_after, 0);
}

static void die(bool of_corruption)
{
    struct report report;
    if (of_corruption)
        ep__report_corruption("a torn block at", (const void *)(uintptr_t)0x4000);
    ep__report_begin(&report);
    ep__report_text(&report, "the end");
    ep__report_abort(&report);
}

static void expect_death(bool of_corruption, const char *line)
{
    struct capture capture;
    char output[1024];
    int status;
    assert_int_equal(capture_begin(&capture), 0);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        die(of_corruption);
    }
    pid_t ended = waitpid(child, &status, 0);
    capture_end(&capture, output, sizeof output);
    assert_int_equal(ended, child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_string_equal(output, line);
}

static void abort_follows_the_line(void **state)
{
    (void)state;
    expect_death(false, "epmalloc: the end\n");
}

static void corruption_names_what_and_where(void **state)
{
    (void)state;
    expect_death(true, "epmalloc: a torn block at 0x4000\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_that_fits_is_whole_and_ended),
        cmocka_unit_test(a_text_that_does_not_fit_is_cut_and_its_length_counts_on),
        cmocka_unit_test(a_text_without_a_buffer_only_counts),
        cmocka_unit_test(a_buffer_of_one_byte_holds_the_nul),
        cmocka_unit_test(numbers_are_written_to_their_ends),
        cmocka_unit_test(quoting_hides_control_bytes_and_shortens),
        cmocka_unit_test(a_report_is_one_line_and_keeps_errno),
        cmocka_unit_test(a_report_that_is_too_long_still_ends_in_a_newline),
        cmocka_unit_test(a_closed_stderr_is_no_error),
        cmocka_unit_test(abort_follows_the_line),
        cmocka_unit_test(corruption_names_what_and_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
