/* EPMALLOC_CONF in real processes: read at the first allocation, bad entries reported in one line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <epmalloc/epmalloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"

static struct child child;

/* Every key with a value that is not its default. */
#define ALL                                                                                        \
    "abort:1,retain:1m,retain_percent:77,purge_delay:10,keep_empty:4,thp:never,thread_bytes:3m,"   \
    "thread_percent:9,batch_bytes:5k,huge_cache:0,deferred_bytes:9m,fork:strict,stats:0,"          \
    "check:2,check_quarantine:1m,check_guards:7,check_every:9,check_frames:5,check_links:1,"       \
    "random_order:1,helper:1,profile:off,sample:1m,profile_seed:3,profile_signal:0,leaks:0,"       \
    "leak_exit_code:7"

static void good_entries_take_effect_silently(void **state)
{
    (void)state;
    child_run(&child, "show", ALL);
    assert_int_equal(child.status, 0);
    assert_string_equal(child.output, ALL "\n");
}

static void an_empty_variable_is_as_good_as_none(void **state)
{
    static struct child other;
    (void)state;
    child_run(&child, "show", "");
    child_run(&other, "show", NULL);
    assert_int_equal(child.status, 0);
    assert_int_equal(other.status, 0);
    assert_string_equal(child.output, other.output);
    assert_non_null(strstr(child.output, "keep_empty:1,"));
}

static void each_bad_entry_is_one_line_and_the_program_runs(void **state)
{
    (void)state;
    child_run(&child, "show", "retian:1m," ALL ",thp:nevr");
    assert_int_equal(child.status, 0);
    assert_string_equal(
        child.output,
        "epmalloc: EPMALLOC_CONF: key \"retian\", value \"1m\": there is no such key; ignored\n"
        "epmalloc: EPMALLOC_CONF: key \"thp\", value \"nevr\": must be default, never or always; "
        "ignored\n" ALL "\n");
}

/* Work that passes through every option's code. */
static int work(void)
{
    enum { BLOCKS = 300 };
    static char *blocks[BLOCKS];
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < BLOCKS; i++) {
            size_t size = (size_t)1 << (i + round) % 22;
            blocks[i] = malloc(size);
            if (blocks[i] == NULL)
                return 1;
            blocks[i][0] = (char)i;
            blocks[i][size - 1] = (char)i;
        }
        for (unsigned i = 0; i < BLOCKS; i++) {
            if (blocks[i][0] != (char)i)
                return 2;
            free(blocks[i]);
        }
    }
    return 0;
}

static void every_value_of_every_option_is_a_working_allocator(void **state)
{
    static const char *const entries[] = {"abort:1",
                                          "retain:0,retain_percent:0",
                                          "retain:1g",
                                          "retain_percent:1000",
                                          "purge_delay:1000",
                                          "keep_empty:100",
                                          "thp:never",
                                          "thp:always",
                                          "thread_bytes:0",
                                          "thread_bytes:1g",
                                          "thread_bytes:0,thread_percent:0",
                                          "thread_percent:1000",
                                          "batch_bytes:0",
                                          "batch_bytes:1g",
                                          "huge_cache:0",
                                          "fork:strict",
                                          "batch_bytes:64",
                                          "thread_bytes:1",
                                          "retain:0,keep_empty:1048576",
                                          "check:1",
                                          "check:2",
                                          "check:3",
                                          "check_links:1",
                                          "random_order:1",
                                          "helper:1",
                                          "profile:on,sample:1k"};
    (void)state;
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        child_run(&child, "work", entries[i]);
        assert_string_equal(child.output, "");
        assert_int_equal(child.status, 0);
    }
}

static int show(void)
{
    char text[512];
    free(malloc(1));
    ep_options(text, sizeof text);
    return puts(text) < 0;
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_entries_take_effect_silently),
        cmocka_unit_test(an_empty_variable_is_as_good_as_none),
        cmocka_unit_test(each_bad_entry_is_one_line_and_the_program_runs),
        cmocka_unit_test(every_value_of_every_option_is_a_working_allocator),
    };
    if (count > 1)
        return strcmp(arguments[1], "show") == 0 ? show() : work();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
