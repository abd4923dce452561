/* Options: lib/sys/options.c.  Whatever loads the environment runs in a child, because a process does it
 * once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture.h"
#include "sys/options.h"

/* As the program began. */
static char defaults[512];

static int restore_defaults(void **state)
{
    (void)state;
    return (int)ep__options_parse(defaults);
}

static const char *options_now(void)
{
    static char buffer[512];
    struct text text;
    ep__text_begin(&text, buffer, sizeof buffer);
    ep__options_text(&text);
    assert_true(text.length < sizeof buffer);
    assert_true(ep__options_check());
    return buffer;
}

/* Parses entries; how many were bad and what stderr got. */
static unsigned parse(const char *entries, char *output, size_t size)
{
    struct capture capture;
    assert_int_equal(capture_begin(&capture), 0);
    unsigned bad = ep__options_parse(entries);
    capture_end(&capture, output, size);
    return bad;
}

static void the_defaults_are_text_that_is_accepted(void **state)
{
    char output[1024];
    (void)state;
    assert_int_equal(parse(defaults, output, sizeof output), 0);
    assert_string_equal(output, "");
    assert_string_equal(options_now(), defaults);
}

static void a_name_is_kept_as_it_is(void **state)
{
    char output[1024];
    (void)state;
    assert_null(ep__option_text(EP__TEXT_TRACE));
    assert_int_equal(parse("trace:/a/b:c=d e", output, sizeof output), 0);
    assert_string_equal(ep__option_text(EP__TEXT_TRACE), "/a/b:c=d e");
    assert_non_null(strstr(options_now(), ",trace:/a/b:c=d e"));
}

static void a_name_that_is_too_long_is_refused(void **state)
{
    char output[2048];
    char entry[400] = "trace:";
    (void)state;
    memset(entry + strlen(entry), 'x', EP__OPTION_TEXT_BYTES);
    assert_int_equal(parse(entry, output, sizeof output), 1);
    assert_non_null(strstr(output, "must be the name of a file, below 256 bytes"));
    assert_int_equal(parse("trace:", output, sizeof output), 1);
    entry[6 + EP__OPTION_TEXT_BYTES - 1] = '\0';
    assert_int_equal(parse(entry, output, sizeof output), 0);
}

static void every_key_takes_a_value_and_shows_it(void **state)
{
    static const char entries[] =
        "abort:1,retain:3g,retain_percent:1000,purge_delay:86400000,keep_empty:1048576,thp:always,"
        "thread_bytes:5m,thread_percent:7,batch_bytes:17,huge_cache:0,deferred_bytes:0,fork:strict,"
        "stats:1,check:3,check_quarantine:1k,check_guards:30000,check_every:1,check_frames:0,check_"
        "links:1,random_order:1,"
        "helper:1,profile:exit,sample:7k,profile_seed:3,profile_signal:12,leaks:1,leak_exit_code:"
        "23";
    char output[1024];
    (void)state;
    assert_int_equal(parse(entries, output, sizeof output), 0);
    assert_string_equal(output, "");
    assert_string_equal(options_now(), entries);
    assert_int_equal(ep__option_get(EP__OPTION_RETAIN), UINT64_C(3) << 30);
    assert_int_equal(ep__option_get(EP__OPTION_THP), EP__THP_ALWAYS);
    assert_int_equal(ep__option_get(EP__OPTION_FORK), EP__FORK_STRICT);
}

static void the_last_of_several_values_holds_and_empty_entries_are_nothing(void **state)
{
    char output[1024];
    (void)state;
    assert_int_equal(parse(",retain:1m,,retain:0,", output, sizeof output), 0);
    assert_string_equal(output, "");
    assert_int_equal(ep__option_get(EP__OPTION_RETAIN), 0);
}

static void a_bad_entry_is_one_line_and_the_others_take_effect(void **state)
{
    char output[1024];
    uint64_t retain = ep__option_get(EP__OPTION_RETAIN);
    (void)state;
    assert_int_equal(parse("stats:1,retian:9m,abort:1", output, sizeof output), 1);
    assert_string_equal(output,
                        "epmalloc: EPMALLOC_CONF: key \"retian\", value \"9m\": there is no "
                        "such key; ignored\n");
    assert_int_equal(ep__option_get(EP__OPTION_STATS), 1);
    assert_int_equal(ep__option_get(EP__OPTION_ABORT), 1);
    assert_int_equal(ep__option_get(EP__OPTION_RETAIN), retain);
}

static void bad_values_are_refused_with_the_rule(void **state)
{
    static const struct {
        const char *key;
        const char *value;
        const char *rule;
    } cases[] = {
        {"abort", "2", "must be 0 or 1"},
        {"abort", "", "must be 0 or 1"},
        {"abort", "-1", "must be 0 or 1"},
        {"abort", "1k", "must be 0 or 1"},
        {"retain", "k", "must be a number of bytes, k, m or g may follow"},
        {"retain", "1t", "must be a number of bytes, k, m or g may follow"},
        {"retain", "0x10", "must be a number of bytes, k, m or g may follow"},
        {"retain", "1m ", "must be a number of bytes, k, m or g may follow"},
        {"retain", "9223372036854775808", "must be a number of bytes, k, m or g may follow"},
        {"retain", "8589934592g", "must be a number of bytes, k, m or g may follow"},
        {"retain", "18446744073709551617", "must be a number of bytes, k, m or g may follow"},
        {"retain_percent", "1001", "must be 0 to 1000"},
        {"purge_delay", "86400001", "must be 0 to 86400000 (milliseconds)"},
        {"keep_empty", "0", "must be 1 to 1048576 (arenas)"},
        {"thp", "alway", "must be default, never or always"},
        {"thp", "alwayss", "must be default, never or always"},
        {"fork", "", "must be cut or strict"},
        {"check", "4", "must be 0 to 3"},
        {"check_every", "0", "must be 1 to 1000000000 (requests)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char entry[128];
        char wanted[512];
        char output[1024];
        struct text text;
        ep__text_begin(&text, entry, sizeof entry);
        ep__text_put(&text, cases[i].key);
        ep__text_put(&text, ":");
        ep__text_put(&text, cases[i].value);
        ep__text_begin(&text, wanted, sizeof wanted);
        ep__text_put(&text, "epmalloc: EPMALLOC_CONF: key \"");
        ep__text_put(&text, cases[i].key);
        ep__text_put(&text, "\", value \"");
        ep__text_put(&text, cases[i].value);
        ep__text_put(&text, "\": ");
        ep__text_put(&text, cases[i].rule);
        ep__text_put(&text, "; ignored\n");
        assert_int_equal(parse(entry, output, sizeof output), 1);
        assert_string_equal(output, wanted);
        assert_string_equal(options_now(), defaults);
    }
}

static void the_biggest_number_of_bytes_is_taken(void **state)
{
    char output[1024];
    (void)state;
    assert_int_equal(parse("retain:9223372036854775807", output, sizeof output), 0);
    assert_int_equal(ep__option_get(EP__OPTION_RETAIN), PTRDIFF_MAX);
}

static void a_value_may_hold_a_colon_and_an_entry_may_lack_one(void **state)
{
    char output[1024];
    (void)state;
    assert_int_equal(parse("thp:a:b,stats", output, sizeof output), 2);
    assert_non_null(strstr(output, "key \"thp\", value \"a:b\": must"));
    assert_non_null(strstr(output, "key \"stats\", value \"\": must"));
}

static void a_set_outside_the_range_changes_nothing(void **state)
{
    (void)state;
    assert_false(ep__option_set(EP__OPTION_KEEP_EMPTY, 0));
    assert_false(ep__option_set(EP__OPTION_STATS, 2));
    assert_true(ep__option_set(EP__OPTION_KEEP_EMPTY, 2));
    assert_int_equal(ep__option_get(EP__OPTION_KEEP_EMPTY), 2);
}

/* Runs in a child: what a process that starts with `variables` has as its options after loading them
 * `times` times.  Returns how many bytes went to stderr. */
static size_t load(char **variables, unsigned times, const char *wanted)
{
    struct capture capture;
    char output[1024];
    int status;
    assert_int_equal(capture_begin(&capture), 0);
    pid_t child = fork();
    if (child == 0) {
        environ = variables;
        errno = EDOM;
        for (unsigned i = 0; i < times; i++)
            ep__options_load();
        _exit(errno == EDOM && strcmp(options_now(), wanted) == 0 ? 0 : 1);
    }
    pid_t ended = waitpid(child, &status, 0);
    size_t length = capture_end(&capture, output, sizeof output);
    assert_int_equal(ended, child);
    assert_int_equal(status, 0);
    return length;
}

static void the_environment_is_read_and_errno_kept(void **state)
{
    static char entries[] = "EPMALLOC_CONF=keep_empty:3,fork:strict";
    static char other[] = "EPMALLOC_CONFX=keep_empty:9";
    char *variables[] = {other, entries, NULL};
    char wanted[512];
    (void)state;
    assert_int_equal(ep__options_parse("keep_empty:3,fork:strict"), 0);
    strcpy(wanted, options_now());
    assert_int_equal(restore_defaults(NULL), 0);
    assert_int_equal(load(variables, 1, wanted), 0);
}

static void a_bad_environment_is_reported_once_however_often_it_is_loaded(void **state)
{
    static char entries[] = "EPMALLOC_CONF=no_such:1";
    char *variables[] = {entries, NULL};
    (void)state;
    size_t once = load(variables, 1, defaults);
    assert_true(once > 0);
    assert_int_equal(load(variables, 3, defaults), once);
}

static void no_variable_and_no_variables_leave_the_defaults(void **state)
{
    char *variables[] = {NULL};
    (void)state;
    assert_int_equal(load(variables, 1, defaults), 0);
}

static void a_secure_process_takes_nothing_from_its_environment(void **state)
{
    static char entries[] = "EPMALLOC_CONF=keep_empty:3,no_such:1";
    char *variables[] = {entries, NULL};
    (void)state;
    assert_int_equal(ep__options_read(variables, true), 0);
    assert_string_equal(options_now(), defaults);
}

static void without_an_environment_nobody_claims_the_loading(void **state)
{
    int status;
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        static char entries[] = "EPMALLOC_CONF=keep_empty:3";
        char *variables[] = {entries, NULL};
        environ = NULL;
        ep__options_load();
        bool untouched = ep__option_get(EP__OPTION_KEEP_EMPTY) == 1;
        environ = variables;
        ep__options_load();
        _exit(untouched && ep__option_get(EP__OPTION_KEEP_EMPTY) == 3 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_text_that_is_accepted),
        cmocka_unit_test_teardown(every_key_takes_a_value_and_shows_it, restore_defaults),
        cmocka_unit_test_teardown(the_last_of_several_values_holds_and_empty_entries_are_nothing,
                                  restore_defaults),
        cmocka_unit_test_teardown(a_bad_entry_is_one_line_and_the_others_take_effect,
                                  restore_defaults),
        cmocka_unit_test(bad_values_are_refused_with_the_rule),
        cmocka_unit_test_teardown(the_biggest_number_of_bytes_is_taken, restore_defaults),
        cmocka_unit_test_teardown(a_value_may_hold_a_colon_and_an_entry_may_lack_one,
                                  restore_defaults),
        cmocka_unit_test_teardown(a_set_outside_the_range_changes_nothing, restore_defaults),
        cmocka_unit_test(the_environment_is_read_and_errno_kept),
        cmocka_unit_test(a_bad_environment_is_reported_once_however_often_it_is_loaded),
        cmocka_unit_test(no_variable_and_no_variables_leave_the_defaults),
        cmocka_unit_test(a_secure_process_takes_nothing_from_its_environment),
        cmocka_unit_test(without_an_environment_nobody_claims_the_loading),
        cmocka_unit_test_teardown(a_name_is_kept_as_it_is, restore_defaults),
        cmocka_unit_test_teardown(a_name_that_is_too_long_is_refused, restore_defaults),
    };
    strcpy(defaults, options_now());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
