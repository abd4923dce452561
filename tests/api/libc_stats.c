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

/* Reads one element `<name a="v" b="v">`, `<name .../>` or `</name>` and what follows it up to the next one.
 * `open` holds the name of the element that is open, "" outside.  Returns the rest, NULL where it is not
 * well-formed. */
static const char *read_element(const char *xml, char *open, size_t size)
{
    char name[32];
    char attributes[512];
    int length = 0;
    if (sscanf(xml, "</%31[a-z]>%n", name, &length) == 1 && length > 0) {
        bool matches = strcmp(name, open) == 0;
        open[0] = '\0';
        return matches ? xml + length : NULL;
    }
    if (sscanf(xml, "<%31[a-z]%n", name, &length) != 1)
        return NULL;
    xml += length;
    while (sscanf(xml, " %511[a-z_]=\"%*[a-z0-9.]\"%n", attributes, &length) == 1)
        xml += length;
    if (strncmp(xml, "/>", 2) == 0)
        return xml + 2;
    if (*xml != '>' || open[0] != '\0')
        return NULL;
    snprintf(open, size, "%s", name);
    return xml + 1;
}

static void malloc_info_is_well_formed_xml(void **state)
{
    char *document = NULL;
    size_t size = 0;
    char open[32] = "";
    unsigned elements = 0;
    (void)state;
    FILE *stream = open_memstream(&document, &size);
    assert_non_null(stream);
    assert_int_equal(malloc_info(0, stream), 0);
    assert_int_equal(fclose(stream), 0);
    assert_int_equal(strncmp(document, "<malloc version=\"1\">", 20), 0);
    for (const char *rest = document; *rest != '\0'; rest += strspn(rest, "\n")) {
        rest = read_element(rest, open, sizeof open);
        assert_non_null(rest);
        elements++;
    }
    assert_string_equal(open, "");
    assert_true(elements >= 9);
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

static size_t value_after(const char *text, const char *title)
{
    const char *found = strstr(text, title);
    assert_non_null(found);
    return strtoull(strchr(found, '=') + 1, NULL, 10);
}

static void malloc_stats_prints_the_account(void **state)
{
    struct capture capture;
    char output[4096];
    struct ep_stats account;
    (void)state;
    assert_int_equal(capture_begin(&capture), 0);
    malloc_stats();
    capture_end(&capture, output, sizeof output);
    assert_int_equal(ep_stats(&account, sizeof account), 0);
    assert_int_equal(value_after(output, "blocks in use"), account.blocks_in_use);
    assert_int_equal(value_after(output, "Total"), account.total_bytes);
    assert_int_equal(value_after(output, "Total"), value_after(output, "bytes in arenas"));
    assert_int_equal(value_after(output, "bytes in allocated blocks") +
                         value_after(output, "bytes in available blocks") +
                         value_after(output, "bytes in runs") +
                         value_after(output, "bytes in unused pools") +
                         value_after(output, "bytes lost to quantization") +
                         value_after(output, "bytes unaccounted"),
                     value_after(output, "Total"));
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
    assert_true(value_after(child.output, "blocks in use") >= 77);
    assert_int_equal(value_after(child.output, "Total"),
                     value_after(child.output, "bytes in arenas"));
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
        cmocka_unit_test(malloc_info_is_well_formed_xml),
        cmocka_unit_test(malloc_info_knows_no_options_and_tells_of_a_stream_that_fails),
        cmocka_unit_test(malloc_stats_prints_the_account),
        cmocka_unit_test(malloc_trim_says_whether_it_gave_anything_back),
        cmocka_unit_test(mallopt_sets_what_there_is_to_set),
        cmocka_unit_test(the_option_stats_prints_the_account_at_exit),
    };
    (void)arguments;
    return count > 1 ? hold_blocks() : cmocka_run_group_tests(tests, NULL, NULL);
}
