/* ep_realloc and ep_reallocarray: lib/api/realloc.c. */
#include "unit/alone.h"

#include <epmalloc/epmalloc.h>
#include <errno.h>

#include "api/sizes.h"
#include "fake/vm_failing.h"

static void a_block_that_is_at_least_half_used_stays(void)
{
    void *p = ep_malloc(1000);
    size_t usable = ep_usable_size(p);
    assert_ptr_equal(ep_realloc(p, usable), p);
    assert_ptr_equal(ep_realloc(p, usable / 2), p);
    assert_ptr_equal(ep_realloc(p, usable - 1), p);
    ep_free(p);
}

static void a_block_that_is_hardly_used_moves_to_a_smaller_one(void)
{
    void *p = ep_malloc(10000);
    fill_block(p, 100, 1);
    void *q = ep_realloc(p, 100);
    assert_int_equal(ep_usable_size(q), 112);
    assert_int_equal(count_filled(q, 100, 1), 100);
    ep_free(q);
}

static void a_run_grows_and_shrinks_where_it_stands(void)
{
    char *p = ep_malloc(70000);
    char *below = ep_malloc(70000);
    char *upper = p > below ? p : below;
    char *lower = p > below ? below : p;
    size_t before = ep_usable_size(upper);
    ep_free(lower);
    assert_ptr_equal(ep_realloc(upper, 65536), upper);
    assert_int_equal(ep_usable_size(upper), 65536);
    assert_ptr_equal(ep_realloc(upper, before), upper);
    assert_int_equal(ep_usable_size(upper), before);
    ep_free(upper);
}

static void a_huge_block_keeps_its_pages_when_it_moves(void)
{
    size_t size = (size_t)8 << 20;
    char *p = ep_malloc(size);
    void *beside[8];
    fill_block(p, 100000, 4);
    for (unsigned i = 0; i < 8; i++)
        beside[i] = ep_malloc(size);
    p = ep_realloc(p, 8 * size);
    assert_non_null(p);
    assert_int_equal(ep_usable_size(p), 8 * size);
    assert_int_equal(count_filled(p, 100000, 4), 100000);
    ep_free(p);
    ep_free_batch(beside, 8);
}

static void a_shrink_without_memory_keeps_the_block_and_errno(void)
{
    char *p = ep_malloc(30000);
    fill_block(p, 30000, 2);
    vm_failing_plan(1, UINT64_MAX);
    while (ep_malloc(65536) != NULL)
        continue;
    errno = EDOM;
    /* To a class that has no block yet. */
    char *q = ep_realloc(p, 12000);
    assert_int_equal(errno, EDOM);
    vm_failing_plan(0, 0);
    assert_ptr_equal(q, p);
    assert_int_equal(count_filled(q, 12000, 2), 12000);
    ep_free(q);
}

/* Growing, with the n-th call of the kernel refused, for every n that there is. */
static void grow_with_a_refusal(size_t from, size_t to)
{
    for (uint64_t refused = 1;; refused++) {
        char *p = ep_malloc(from);
        assert_non_null(p);
        fill_block(p, from, 5);
        vm_failing_plan(refused, 1);
        errno = 0;
        char *q = ep_realloc(p, to);
        int errno_after = errno;
        uint64_t calls = vm_failing_calls();
        vm_failing_plan(0, 0);
        if (q == NULL)
            assert_int_equal(errno_after, ENOMEM);
        q = q == NULL ? p : q;
        assert_int_equal(count_filled(q, from, 5), from);
        ep_free(q);
        ep_purge();
        if (calls < refused)
            return;
    }
}

static void a_refused_grow_leaves_the_block_as_it_was(void)
{
    grow_with_a_refusal(100, 5000);
    grow_with_a_refusal(5000, 90000);
    grow_with_a_refusal(90000, 900000);
    grow_with_a_refusal(90000, 3000000);
    grow_with_a_refusal(3000000, 30000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_block_that_is_at_least_half_used_stays),
        alone(a_block_that_is_hardly_used_moves_to_a_smaller_one),
        alone(a_run_grows_and_shrinks_where_it_stands),
        alone(a_huge_block_keeps_its_pages_when_it_moves),
        alone(a_shrink_without_memory_keeps_the_block_and_errno),
        alone(a_refused_grow_leaves_the_block_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
