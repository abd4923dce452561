/* The C library's statistics tell the truth, and its knobs do what they can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <epmalloc/epmalloc.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "child.h"

enum { BLOCKS = 2000 };
static void *blocks[BLOCKS];

static void mallinfo_grows_and_shrinks_by_what_the_program_holds(void **state)
{
    struct mallinfo2 before = mallinfo2();
    size_t bytes = 0;
    (void)state;
    for (unsigned i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(i * 20);
        bytes += malloc_usable_size(blocks[i]);
    }
    void *huge = malloc(3000000);
    struct mallinfo2 during = mallinfo2();
    assert_int_equal(during.uordblks - before.uordblks, bytes);
    assert_int_equal(during.hblks - before.hblks, 1);
    assert_int_equal(during.hblkhd - before.hblkhd, malloc_usable_size(huge));
    assert_int_equal(during.arena, during.uordblks + during.fordblks);
    assert_int_equal(during.arena % ((size_t)4 << 20), 0);
    for (unsigned i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    free(huge);
    struct mallinfo2 after = mallinfo2();
    assert_int_equal(after.uordblks, before.uordblks);
    assert_int_equal(after.hblkhd, before.hblkhd);
    assert_int_equal(after.arena, after.uordblks + after.fordblks);
}

/* mallinfo() under a name that is not marked as out of date. */
extern struct mallinfo ints(void) __asm__("mallinfo");

static void the_old_mallinfo_is_the_same_in_ints(void **state)
{
    (void)state;
    struct mallinfo2 wide = mallinfo2();
    struct mallinfo narrow = ints();
    assert_int_equal(narrow.arena, (int)wide.arena);
    assert_int_equal(narrow.uordblks, (int)wide.uordblks);
    assert_int_equal(narrow.fordblks, (int)wide.fordblks);
    assert_int_equal(narrow.ordblks, (int)wide.ordblks);
}

static void malloc_info_is_glibcs_document_with_our_element_in_it(void **state)
{
    static const char *const elements[] = {"<malloc version=\"1\">\n<epmalloc ",
                                           "<class index=",
                                           "<arena window=",
                                           "<thread id=",
                                           "</epmalloc>\n<total type=\"fast\"",
                                           "<total type=\"rest\"",
                                           "<total type=\"mmap\"",
                                           "<system type=\"current\"",
                                           "<system type=\"max\"",
                                           "<aspace type=\"total\"",
                                           "<aspace type=\"mprotect\"",
                                           "</malloc>\n"};
    char *document = NULL;
    size_t size = 0;
    (void)state;
    FILE *stream = open_memstream(&document, &size);
    assert_non_null(stream);
    assert_int_equal(malloc_info(0, stream), 0);
    assert_int_equal(fclose(stream), 0);
    const char *rest = document;
    for (unsigned i = 0; i < sizeof elements / sizeof elements[0]; i++) {
        rest = strstr(rest, elements[i]);
        assert_non_null(rest);
    }
    assert_ptr_equal(rest + strlen("</malloc>\n"), document + size);
    free(document);
}

static void malloc_info_knows_no_options_and_tells_of_a_stream_that_fails(void **state)
{
    char byte;
    (void)state;
    FILE *read_only = fmemopen(&byte, 1, "r");
    assert_non_null(read_only);
    assert_int_equal(malloc_info(1, read_only), EINVAL);
    assert_int_equal(malloc_info(0, read_only), -1);
    fclose(read_only);
}

/* The value of a line "epmalloc: title   = value". */
static size_t value_of(const char *text, const char *title)
{
    char line[64];
    snprintf(line, sizeof line, "epmalloc: %-19s = ", title);
    const char *found = strstr(text, line);
    assert_non_null(found);
    return strtoull(found + strlen(line), NULL, 10);
}

static void malloc_stats_prints_the_account(void **state)
{
    struct capture capture;
    static char output[32768];
    struct ep_stats account;
    (void)state;
    errno = EDOM;
    assert_int_equal(capture_begin(&capture), 0);
    malloc_stats();
    capture_end(&capture, output, sizeof output);
    assert_int_equal(errno, EDOM);
    assert_int_equal(ep_stats(&account, sizeof account), 0);
    assert_int_equal(value_of(output, "blocks_in_use"), account.blocks_in_use);
    assert_int_equal(value_of(output, "total_bytes"), account.total_bytes);
    assert_int_equal(value_of(output, "total_bytes"), value_of(output, "arena_bytes"));
    assert_int_equal(value_of(output, "in_use_bytes") + value_of(output, "available_bytes") +
                         value_of(output, "run_bytes") + value_of(output, "unused_pool_bytes") +
                         value_of(output, "quantization_bytes") +
                         value_of(output, "unaccounted_bytes"),
                     value_of(output, "total_bytes"));
    assert_non_null(strstr(output, "epmalloc: class index="));
}

static void malloc_trim_says_whether_it_gave_anything_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = memset(malloc(5000), 1, 5000);
    for (unsigned i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    ep_thread_idle();
    errno = EDOM;
    assert_int_equal(malloc_trim(0), 1);
    assert_int_equal(malloc_trim(0), 0);
    assert_int_equal(errno, EDOM);
}

static void mallopt_sets_what_there_is_to_set(void **state)
{
    char text[512];
    (void)state;
    assert_int_equal(mallopt(M_TRIM_THRESHOLD, 3 << 20), 1);
    ep_options(text, sizeof text);
    assert_non_null(strstr(text, "retain:3m,retain_percent:0,"));
    assert_int_equal(mallopt(M_TRIM_THRESHOLD, -1), 1);
    ep_options(text, sizeof text);
    assert_non_null(strstr(text, "retain:9223372036854775807,"));
    assert_int_equal(mallopt(M_TRIM_THRESHOLD, 8 << 20), 1);
    assert_int_equal(mallopt(M_MMAP_THRESHOLD, 1 << 20), 1);
    assert_int_equal(mallopt(M_ARENA_MAX, 1), 1);
    assert_int_equal(mallopt(M_PERTURB, 0), 1);
    assert_int_equal(mallopt(M_PERTURB, 0xa5), 0);
    assert_int_equal(mallopt(12345, 1), 0);
}

static void the_option_stats_prints_the_account_at_exit(void **state)
{
    static struct child child;
    (void)state;
    child_run(&child, "hold", "stats:1");
    assert_int_equal(child.status, 0);
    assert_true(value_of(child.output, "blocks_in_use") >= 77);
    assert_int_equal(value_of(child.output, "total_bytes"), value_of(child.output, "arena_bytes"));
    child_run(&child, "hold", "stats:0");
    assert_int_equal(child.status, 0);
    assert_string_equal(child.output, "");
}

static int hold_blocks(void)
{
    for (unsigned i = 0; i < 77; i++)
        blocks[i] = malloc(100);
    return 0;
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mallinfo_grows_and_shrinks_by_what_the_program_holds),
        cmocka_unit_test(the_old_mallinfo_is_the_same_in_ints),
        cmocka_unit_test(malloc_info_is_glibcs_document_with_our_element_in_it),
        cmocka_unit_test(malloc_info_knows_no_options_and_tells_of_a_stream_that_fails),
        cmocka_unit_test(malloc_stats_prints_the_account),
        cmocka_unit_test(malloc_trim_says_whether_it_gave_anything_back),
        cmocka_unit_test(mallopt_sets_what_there_is_to_set),
        cmocka_unit_test(the_option_stats_prints_the_account_at_exit),
    };
    (void)arguments;
    return count > 1 ? hold_blocks() : cmocka_run_group_tests(tests, NULL, NULL);
}
