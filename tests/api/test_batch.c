/* What the batch calls promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <epmalloc/epmalloc.h>
#include <errno.h>

#include "api/sizes.h"

enum { BLOCKS = 3000 };

static volatile size_t ptrdiff_max = PTRDIFF_MAX;
static void *blocks[BLOCKS];

static void a_batch_is_that_many_blocks_of_that_size(void **state)
{
    static const size_t sizes[] = {0, 1, 16, 100, 512, 700, 5000};
    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        errno = EDOM;
        assert_int_equal(ep_malloc_batch(sizes[s], BLOCKS, blocks), BLOCKS);
        assert_int_equal(errno, EDOM);
        for (unsigned i = 0; i < BLOCKS; i++) {
            assert_int_equal(ep_usable_size(blocks[i]), ep_good_size(sizes[s]));
            fill_block(blocks[i], sizes[s], i);
        }
        for (unsigned i = 0; i < BLOCKS; i++)
            assert_int_equal(count_filled(blocks[i], sizes[s], i), sizes[s]);
        ep_free_batch(blocks, BLOCKS);
        assert_int_equal(errno, EDOM);
    }
}

static void a_batch_of_none_is_none(void **state)
{
    (void)state;
    void *untouched = &untouched;
    errno = EDOM;
    assert_int_equal(ep_malloc_batch(100, 0, &untouched), 0);
    assert_int_equal(ep_malloc_batch(100, 0, NULL), 0);
    assert_ptr_equal(untouched, &untouched);
    ep_free_batch(NULL, 0);
    assert_int_equal(errno, EDOM);
}

static void a_batch_that_cannot_be_had_says_how_many_there_are(void **state)
{
    void *four[4] = {four, four, four, four};
    (void)state;
    errno = 0;
    assert_int_equal(ep_malloc_batch(ptrdiff_max, 4, four), 0);
    assert_int_equal(errno, ENOMEM);
    for (unsigned i = 0; i < 4; i++)
        assert_ptr_equal(four[i], four);
}

static void a_batch_to_free_may_be_of_all_kinds_and_hold_nulls(void **state)
{
    struct ep_stats before;
    struct ep_stats after;
    (void)state;
    assert_int_equal(ep_stats(&before, sizeof before), 0);
    void *mixed[6] = {ep_malloc(10),     NULL, ep_malloc(100000),
                      ep_calloc(3, 700), NULL, ep_aligned_alloc((size_t)1 << 21, 3000000)};
    ep_free_batch(mixed, 6);
    assert_int_equal(ep_stats(&after, sizeof after), 0);
    assert_int_equal(after.blocks_in_use, before.blocks_in_use);
    assert_int_equal(after.runs_in_use, before.runs_in_use);
    assert_int_equal(after.huge_blocks, before.huge_blocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_that_many_blocks_of_that_size),
        cmocka_unit_test(a_batch_of_none_is_none),
        cmocka_unit_test(a_batch_that_cannot_be_had_says_how_many_there_are),
        cmocka_unit_test(a_batch_to_free_may_be_of_all_kinds_and_hold_nulls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
