/* What realloc promises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <epmalloc/epmalloc.h>
#include <errno.h>
#include <string.h>

#include "api/sizes.h"

static volatile size_t ptrdiff_max = PTRDIFF_MAX;

/* Representatives of every kind of block: small, medium, multi-slot, run, huge. */
static const size_t kinds[] = {1,     16,    17,     64,     500,     512,     513,     1000,
                               4096,  8192,  8193,   16384,  20000,   32768,   32769,   65536,
                               65537, 70000, 196608, 500000, 1048576, 1048577, 1500000, 6000000};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void resize_and_check(size_t from, size_t to, unsigned seed)
{
    size_t kept = from < to ? from : to;
    void *p = ep_malloc(from);
    assert_non_null(p);
    fill_block(p, from, seed);
    errno = EDOM;
    p = ep_realloc(p, to);
    assert_non_null(p);
    assert_int_equal(errno, EDOM);
    assert_true(ep_usable_size(p) >= to);
    assert_int_equal(count_filled(p, kept, seed), kept);
    fill_block(p, ep_usable_size(p), seed + 1);
    ep_free(p);
}

static void contents_survive_every_change_of_kind(void **state)
{
    (void)state;
    for (unsigned from = 0; from < KINDS; from++)
        for (unsigned to = 0; to < KINDS; to++)
            resize_and_check(kinds[from], kinds[to], from * 7 + to);
}

static void contents_survive_a_walk_up_and_down(void **state)
{
    (void)state;
    size_t size = 1;
    unsigned char *p = ep_malloc(size);
    assert_non_null(p);
    fill_block(p, size, 3);
    while (size < 9000000) {
        size_t bigger = size + size / 5 + 1;
        p = ep_realloc(p, bigger);
        assert_non_null(p);
        assert_int_equal(count_filled(p, size, 3), size);
        fill_block(p, bigger, 3);
        size = bigger;
    }
    while (size > 1) {
        size -= size / 6 + 1;
        p = ep_realloc(p, size + (size == 0));
        assert_non_null(p);
        assert_int_equal(count_filled(p, size, 3), size);
    }
    ep_free(p);
}

/* Resizes the i-th block to the round's kind; its old bytes are checked, then all are written. */
static void *resize_one(void *block, unsigned i, unsigned round)
{
    size_t before = ep_usable_size(block);
    size_t after = kinds[(i + round) % KINDS];
    size_t kept = before < after ? before : after;
    block = ep_realloc(block, after);
    assert_non_null(block);
    assert_int_equal(count_filled(block, kept, i), kept);
    fill_block(block, ep_usable_size(block), i);
    return block;
}

static void neighbours_are_untouched_by_resizing(void **state)
{
    void *blocks[KINDS];
    (void)state;
    for (unsigned i = 0; i < KINDS; i++) {
        blocks[i] = ep_malloc(kinds[i]);
        assert_non_null(blocks[i]);
        fill_block(blocks[i], ep_usable_size(blocks[i]), i);
    }
    for (unsigned round = 1; round < KINDS; round += 5) {
        for (unsigned i = 0; i < KINDS; i++)
            blocks[i] = resize_one(blocks[i], i, round);
        for (unsigned i = 0; i < KINDS; i++) {
            size_t usable = ep_usable_size(blocks[i]);
            assert_int_equal(count_filled(blocks[i], usable, i), usable);
        }
    }
    for (unsigned i = 0; i < KINDS; i++)
        ep_free(blocks[i]);
}

static void null_is_grown_from_nothing(void **state)
{
    (void)state;
    errno = EDOM;
    void *p = ep_realloc(NULL, 100);
    assert_non_null(p);
    fill_block(p, 100, 0);
    void *q = ep_realloc(NULL, 0);
    assert_non_null(q);
    void *r = ep_reallocarray(NULL, 10, 10);
    assert_non_null(r);
    assert_int_equal(errno, EDOM);
    ep_free(p);
    ep_free(q);
    ep_free(r);
}

static void size_zero_frees_and_returns_null_with_errno_untouched(void **state)
{
    (void)state;
    struct ep_stats before;
    struct ep_stats after;
    assert_int_equal(ep_stats(&before, sizeof before), 0);
    for (unsigned i = 0; i < KINDS; i++) {
        void *p = ep_malloc(kinds[i]);
        assert_non_null(p);
        errno = EDOM;
        if (i % 2 == 0)
            assert_null(ep_realloc(p, 0));
        else
            assert_null(ep_reallocarray(p, 0, 8));
        assert_int_equal(errno, EDOM);
    }
    assert_int_equal(ep_stats(&after, sizeof after), 0);
    assert_int_equal(after.blocks_in_use, before.blocks_in_use);
    assert_int_equal(after.runs_in_use, before.runs_in_use);
    assert_int_equal(after.huge_blocks, before.huge_blocks);
}

static void a_failed_call_leaves_the_block_as_it_was(void **state)
{
    (void)state;
    for (unsigned i = 0; i < KINDS; i++) {
        void *p = ep_malloc(kinds[i]);
        assert_non_null(p);
        fill_block(p, kinds[i], i);
        size_t usable = ep_usable_size(p);
        errno = 0;
        assert_null(ep_realloc(p, ptrdiff_max - 70000));
        assert_int_equal(errno, ENOMEM);
        errno = 0;
        assert_null(ep_reallocarray(p, ptrdiff_max, 3));
        assert_int_equal(errno, ENOMEM);
        assert_int_equal(ep_usable_size(p), usable);
        assert_int_equal(count_filled(p, kinds[i], i), kinds[i]);
        ep_free(p);
    }
}

static void a_shrunk_block_gives_memory_back(void **state)
{
    struct ep_stats account;
    (void)state;
    void *run = ep_malloc(1000000);
    void *huge = ep_malloc((size_t)64 << 20);
    assert_non_null(run);
    assert_non_null(huge);
    run = ep_realloc(run, 70000);
    huge = ep_realloc(huge, (size_t)2 << 20);
    assert_non_null(run);
    assert_non_null(huge);
    assert_in_range(ep_usable_size(run), 70000, 200000);
    assert_in_range(ep_usable_size(huge), (size_t)2 << 20, (size_t)4 << 20);
    assert_int_equal(ep_stats(&account, sizeof account), 0);
    assert_in_range(account.huge_bytes, (size_t)2 << 20, (size_t)8 << 20);
    ep_free(run);
    ep_free(huge);
}

static void reallocarray_multiplies(void **state)
{
    (void)state;
    void *p = ep_reallocarray(NULL, 3, 1000);
    assert_non_null(p);
    fill_block(p, 3000, 9);
    p = ep_reallocarray(p, 300, 1000);
    assert_non_null(p);
    assert_true(ep_usable_size(p) >= 300000);
    assert_int_equal(count_filled(p, 3000, 9), 3000);
    ep_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contents_survive_every_change_of_kind),
        cmocka_unit_test(contents_survive_a_walk_up_and_down),
        cmocka_unit_test(neighbours_are_untouched_by_resizing),
        cmocka_unit_test(null_is_grown_from_nothing),
        cmocka_unit_test(size_zero_frees_and_returns_null_with_errno_untouched),
        cmocka_unit_test(a_failed_call_leaves_the_block_as_it_was),
        cmocka_unit_test(a_shrunk_block_gives_memory_back),
        cmocka_unit_test(reallocarray_multiplies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
