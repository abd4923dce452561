/* The C library's statistics and knobs: lib/api/libc_stats.c, compiled into this program under other names,
 * because valgrind takes a function called malloc_stats for the C library's.
 * tests/api/libc_stats.c tests them in a process that lives on them. */
#include "unit/alone.h"

#include <malloc.h>

/* With arguments, because two are names of structures too. */
#define mallinfo(...) ours_mallinfo(__VA_ARGS__)
#define mallinfo2(...) ours_mallinfo2(__VA_ARGS__)
#define malloc_info(...) ours_malloc_info(__VA_ARGS__)
#define malloc_stats(...) ours_malloc_stats(__VA_ARGS__)
#define mallopt(...) ours_mallopt(__VA_ARGS__)
#define malloc_trim(...) ours_malloc_trim(__VA_ARGS__)

struct mallinfo mallinfo(void);
struct mallinfo2 mallinfo2(void);
int malloc_info(int options, FILE *stream);
void malloc_stats(void);
int mallopt(int parameter, int value);
int malloc_trim(size_t pad);

#include "../../../lib/api/libc_stats.c"

static void a_fresh_process_has_nothing(void)
{
    struct mallinfo2 numbers = mallinfo2();
    assert_int_equal(numbers.arena, 0);
    assert_int_equal(numbers.uordblks, 0);
    assert_int_equal(numbers.fordblks, 0);
    assert_int_equal(numbers.hblkhd, 0);
}

static void each_field_is_one_of_the_accounts(void)
{
    void *blocks[] = {ep_malloc(100), ep_malloc(100000), ep_malloc(2000000)};
    struct ep_stats account;
    ep_free(ep_malloc(5000000));
    assert_int_equal(ep_stats(&account, sizeof account), 0);
    struct mallinfo2 numbers = mallinfo2();
    assert_int_equal(numbers.arena, account.arena_bytes);
    assert_int_equal(numbers.uordblks, 112 + 131072);
    assert_int_equal(numbers.fordblks, account.arena_bytes - 112 - 131072);
    assert_int_equal(numbers.hblks, 1);
    assert_int_equal(numbers.hblkhd, ep_usable_size(blocks[2]));
    assert_int_equal(numbers.keepcost, account.retained_bytes);
    assert_int_equal(numbers.ordblks, account.unused_pools);
    ep_free_batch(blocks, 3);
}

static void numbers_beyond_int_wrap_in_the_old_structure_only(void)
{
    void *huge = ep_malloc((size_t)3 << 30);
    assert_non_null(huge);
    struct mallinfo2 wide = mallinfo2();
    struct mallinfo narrow = mallinfo();
    assert_true(wide.hblkhd >= (size_t)3 << 30);
    assert_int_equal(narrow.hblkhd, (int)wide.hblkhd);
    ep_free(huge);
}

static void xml_is_for_option_zero_only(void)
{
    char *document = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&document, &size);
    assert_int_equal(malloc_info(1, stream), EINVAL);
    assert_int_equal(malloc_info(0, stream), 0);
    assert_int_equal(fclose(stream), 0);
    assert_int_equal(
        strncmp(document, "<malloc version=\"1\">\n<epmalloc allocated_bytes=\"0\"", 50), 0);
    assert_string_equal(document + size - 10, "</malloc>\n");
    free(document);
}

static void trimming_says_whether_it_did(void)
{
    assert_int_equal(malloc_trim(0), 0);
    ep_free(memset(ep_malloc(500000), 1, 500000));
    assert_int_equal(malloc_trim(0), 1);
    assert_int_equal(malloc_trim(1000), 0);
}

static void the_trim_threshold_is_the_retained_memory(void)
{
    assert_int_equal(mallopt(M_TRIM_THRESHOLD, 12345), 1);
    assert_int_equal(ep__option_get(EP__OPTION_RETAIN), 12345);
    assert_int_equal(ep__option_get(EP__OPTION_RETAIN_PERCENT), 0);
    assert_int_equal(mallopt(M_TRIM_THRESHOLD, -1), 1);
    assert_int_equal(ep__option_get(EP__OPTION_RETAIN), PTRDIFF_MAX);
}

static void the_other_knobs_say_what_they_can_do(void)
{
    static const int tuning[] = {M_MXFAST,       M_TOP_PAD,    M_MMAP_THRESHOLD, M_MMAP_MAX,
                                 M_CHECK_ACTION, M_ARENA_TEST, M_ARENA_MAX};
    for (unsigned i = 0; i < sizeof tuning / sizeof tuning[0]; i++)
        assert_int_equal(mallopt(tuning[i], 1), 1);
    assert_int_equal(mallopt(M_PERTURB, 0), 1);
    assert_int_equal(mallopt(M_PERTURB, 1), 0);
    assert_int_equal(mallopt(-100, 1), 0);
}

static void statistics_are_printed_at_exit_only_when_asked_for(void)
{
    struct capture capture;
    char output[16384];
    assert_int_equal(capture_begin(&capture), 0);
    print_stats_at_exit();
    assert_int_equal(capture_end(&capture, output, sizeof output), 0);
    assert_true(ep__option_set(EP__OPTION_STATS, 1));
    assert_int_equal(capture_begin(&capture), 0);
    print_stats_at_exit();
    assert_true(capture_end(&capture, output, sizeof output) > 0);
    assert_non_null(strstr(output, "epmalloc: total_bytes         = 0\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_fresh_process_has_nothing),
        alone(each_field_is_one_of_the_accounts),
        alone(numbers_beyond_int_wrap_in_the_old_structure_only),
        alone(xml_is_for_option_zero_only),
        alone(trimming_says_whether_it_did),
        alone(the_trim_threshold_is_the_retained_memory),
        alone(the_other_knobs_say_what_they_can_do),
        alone(statistics_are_printed_at_exit_only_when_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
