/* What malloc and calloc promise about sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <epmalloc/epmalloc.h>
#include <errno.h>
#include <string.h>

#include "api/sizes.h"

/* The compiler must not see that these cannot be had. */
static volatile size_t ptrdiff_max = PTRDIFF_MAX;
static volatile size_t size_max = SIZE_MAX;

static struct edges edges;
static void *blocks[EDGES_MAX];

static void every_edge_gets_a_block_that_is_big_enough_and_no_bigger_than_promised(void **state)
{
    (void)state;
    for (size_t i = 0; i < edges.count; i++) {
        size_t size = edges.sizes[i];
        errno = EDOM;
        void *p = ep_malloc(size);
        assert_non_null(p);
        assert_int_equal(errno, EDOM);
        assert_int_equal((uintptr_t)p % 16, 0);
        size_t usable = ep_usable_size(p);
        assert_true(usable >= size);
        if (size <= 512)
            assert_int_equal(usable, size == 0 ? 16 : (size + 15) / 16 * 16);
        else if (size <= 32768)
            assert_true(usable - size < size / 8);
        else if (size <= 1048576)
            assert_int_equal(usable, (size + 65535) / 65536 * 65536);
        ep_free(p);
        assert_int_equal(errno, EDOM);
    }
}

static void good_size_is_usable_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < edges.count; i++) {
        size_t size = edges.sizes[i];
        void *p = ep_malloc(size);
        assert_non_null(p);
        if (size <= 1048576)
            assert_int_equal(ep_good_size(size), ep_usable_size(p));
        else
            assert_in_range(ep_good_size(size), size, ep_usable_size(p));
        assert_int_equal(ep_good_size(ep_good_size(size)), ep_good_size(size));
        ep_free(p);
    }
    assert_int_equal(ep_good_size(ptrdiff_max + 1), 0);
    assert_int_equal(ep_good_size(size_max), 0);
}

static void all_usable_bytes_are_the_blocks_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < edges.count; i++) {
        blocks[i] = ep_malloc(edges.sizes[i]);
        assert_non_null(blocks[i]);
        fill_block(blocks[i], ep_usable_size(blocks[i]), (unsigned)i);
    }
    for (size_t i = 0; i < edges.count; i++) {
        size_t usable = ep_usable_size(blocks[i]);
        assert_int_equal(count_filled(blocks[i], usable, (unsigned)i), usable);
        ep_free(blocks[i]);
    }
}

static void blocks_of_size_zero_are_all_different(void **state)
{
    void *empty[64];
    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        empty[i] = ep_malloc(0);
        assert_non_null(empty[i]);
        for (unsigned j = 0; j < i; j++)
            assert_ptr_not_equal(empty[i], empty[j]);
    }
    for (unsigned i = 0; i < 64; i++)
        ep_free(empty[i]);
}

static void freeing_null_does_nothing(void **state)
{
    (void)state;
    errno = EDOM;
    ep_free(NULL);
    ep_free_sized(NULL, 100);
    ep_free_aligned_sized(NULL, 64, 100);
    assert_int_equal(errno, EDOM);
}

static void a_power_of_two_is_aligned_to_itself(void **state)
{
    (void)state;
    for (size_t size = 16; size <= 65536; size *= 2) {
        void *three[3];
        for (unsigned i = 0; i < 3; i++) {
            three[i] = ep_malloc(size);
            assert_non_null(three[i]);
            assert_int_equal((uintptr_t)three[i] % size, 0);
        }
        for (unsigned i = 0; i < 3; i++)
            ep_free(three[i]);
    }
}

static void expect_no_memory(void *p)
{
    int errno_after = errno;
    assert_null(p);
    assert_int_equal(errno_after, ENOMEM);
    errno = 0;
}

static void sizes_beyond_the_address_space_fail_and_leave_the_heap_intact(void **state)
{
    (void)state;
    const size_t sizes[] = {ptrdiff_max - 65536,  ptrdiff_max - 1, ptrdiff_max,  ptrdiff_max + 1,
                            ptrdiff_max + 100000, size_max - 4096, size_max - 1, size_max};
    void *p = ep_malloc(1000);
    assert_non_null(p);
    fill_block(p, 1000, 7);
    errno = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        expect_no_memory(ep_malloc(sizes[i]));
        expect_no_memory(ep_calloc(1, sizes[i]));
        expect_no_memory(ep_calloc(sizes[i], 1));
        expect_no_memory(ep_realloc(NULL, sizes[i]));
        expect_no_memory(ep_realloc(p, sizes[i]));
        expect_no_memory(ep_reallocarray(p, 1, sizes[i]));
        expect_no_memory(ep_aligned_alloc(16, sizes[i]));
        expect_no_memory(ep_aligned_alloc(4096, sizes[i]));
        expect_no_memory(ep_memalign((size_t)1 << 24, sizes[i]));
    }
    assert_int_equal(count_filled(p, 1000, 7), 1000);
    ep_free(p);
    p = ep_malloc(100000);
    assert_non_null(p);
    ep_free(p);
}

static void products_that_overflow_fail(void **state)
{
    (void)state;
    void *p = ep_malloc(24);
    assert_non_null(p);
    fill_block(p, 24, 1);
    const size_t products[][2] = {
        {size_max, 2},         {2, size_max},
        {size_max / 2 + 1, 2}, {(size_t)1 << 32, (size_t)1 << 32},
        {size_max / 16, 17},   {size_max, size_max},
        {ptrdiff_max, 2},
    };
    errno = 0;
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++) {
        expect_no_memory(ep_calloc(products[i][0], products[i][1]));
        expect_no_memory(ep_reallocarray(NULL, products[i][0], products[i][1]));
        expect_no_memory(ep_reallocarray(p, products[i][0], products[i][1]));
    }
    assert_int_equal(count_filled(p, 24, 1), 24);
    ep_free(p);
}

static void calloc_of_nothing_is_a_block(void **state)
{
    (void)state;
    void *first = ep_calloc(0, 100);
    void *second = ep_calloc(100, 0);
    assert_non_null(first);
    assert_non_null(second);
    assert_ptr_not_equal(first, second);
    ep_free(first);
    ep_free(second);
}

/* Four blocks of a size: dirtied, freed, and asked for again as zeroed ones. */
static void dirty_and_calloc(size_t size)
{
    void *four[4];
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 4; i++) {
            errno = EDOM;
            four[i] = ep_calloc(i % 2 == 0 ? 1 : size, i % 2 == 0 ? size : 1);
            assert_non_null(four[i]);
            assert_int_equal(errno, EDOM);
            assert_int_equal(count_zeros(four[i], size), size);
        }
        for (unsigned i = 0; i < 4; i++) {
            memset(four[i], 0xff, ep_usable_size(four[i]));
            ep_free(four[i]);
        }
    }
}

static void calloc_clears_what_others_have_dirtied(void **state)
{
    (void)state;
    for (size_t i = 0; i < edges.count; i++)
        if (edges.sizes[i] != 0 && (i % 3 == 1 || edges.sizes[i] > 32768))
            dirty_and_calloc(edges.sizes[i]);
}

static void calloc_clears_after_memory_has_gone_to_other_classes_and_back(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        for (size_t size = 48; size <= 40000; size = size * 3 / 2) {
            for (unsigned i = 0; i < 100; i++) {
                blocks[i] = ep_calloc(1, size);
                assert_non_null(blocks[i]);
                assert_int_equal(count_zeros(blocks[i], size), size);
                memset(blocks[i], 0xa5, size);
            }
            for (unsigned i = 0; i < 100; i++)
                ep_free(blocks[i]);
        }
        ep_purge();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_edge_gets_a_block_that_is_big_enough_and_no_bigger_than_promised),
        cmocka_unit_test(good_size_is_usable_size),
        cmocka_unit_test(all_usable_bytes_are_the_blocks_own),
        cmocka_unit_test(blocks_of_size_zero_are_all_different),
        cmocka_unit_test(freeing_null_does_nothing),
        cmocka_unit_test(a_power_of_two_is_aligned_to_itself),
        cmocka_unit_test(sizes_beyond_the_address_space_fail_and_leave_the_heap_intact),
        cmocka_unit_test(products_that_overflow_fail),
        cmocka_unit_test(calloc_of_nothing_is_a_block),
        cmocka_unit_test(calloc_clears_what_others_have_dirtied),
        cmocka_unit_test(calloc_clears_after_memory_has_gone_to_other_classes_and_back),
    };
    collect_edges(&edges);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
