/* Guarded blocks: lib/observe/guard.c.  That touching them is told stands in tests/death. */
#include "unit/alone.h"

#include <epmalloc/epmalloc.h>

#include "fake/vm_failing.h"
#include "observe/check.h"
#include "observe/guard.h"
#include "observe/quarantine.h"
#include "sys/options.h"
#include "sys/vm.h"
#include "unit/caches.h"

static const size_t sizes[] = {0, 1, 16, 100, 4096, 61424, 61440, 70000, 900000};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static void a_block_ends_where_it_cannot_be_touched(void)
{
    for (unsigned i = 0; i < SIZES; i++) {
        for (size_t alignment = 1; alignment <= ep__vm_page_bytes(); alignment *= 4) {
            char *p = ep__guard_alloc(sizes[i], alignment, 0);
            struct tracked copy;
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % alignment, 0);
            memset(p, 0x5a, sizes[i]);
            assert_true(ep__guard_find(p, &copy));
            assert_ptr_equal(copy.address, p);
            assert_true(copy.front >= 16);
            ptrdiff_t slack = ep__guard_end(&copy) - (p + sizes[i]);
            assert_in_range(slack, 0, (alignment < 16 ? 16 : alignment) * 2);
            assert_true(ep__guard_find(ep__guard_end(&copy), &copy));
            assert_int_equal(ep__vm_resident_bytes(ep__guard_end(&copy), ep__vm_page_bytes()), 0);
        }
    }
}

static void what_is_too_big_has_no_guard(void)
{
    assert_null(ep__guard_alloc(EP__RUN_BYTES_MAX, 1, 0));
    assert_null(ep__guard_alloc(SIZE_MAX, 1, 0));
    assert_null(ep__guard_alloc(100, 2 * ep__vm_page_bytes(), 0));
    assert_int_equal(ep__guard_count(), 0);
}

static void the_oldest_freed_one_makes_room(void)
{
    enum { GUARDS = 5, ROUNDS = 50 };
    assert_true(ep__option_set(EP__OPTION_CHECK_GUARDS, GUARDS));
    ep__watch_set(ep__check_begin(3));
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct tracked copy;
        void *p = ep_malloc(100);
        assert_true(ep__guard_find(p, &copy));
        ep_free(p);
        assert_true(ep__guard_count() <= GUARDS);
    }
    ep__quarantine_flush(ep__check_let_go);
    assert_int_equal(ep__guard_count(), 0);
    assert_int_equal(check_account().runs_in_use, 0);
}

static void where_all_are_in_use_there_is_none(void)
{
    assert_true(ep__option_set(EP__OPTION_CHECK_GUARDS, 2));
    assert_non_null(ep__guard_alloc(1, 1, 0));
    assert_non_null(ep__guard_alloc(1, 1, 0));
    assert_null(ep__guard_alloc(1, 1, 0));
    assert_int_equal(ep__guard_count(), 2);
}

/* Whichever call the kernel refuses, there is a guard or none, and nothing is lost. */
static void a_kernel_that_refuses_leaves_the_heap_whole(void)
{
    for (uint64_t refused = 1; refused < 12; refused++) {
        vm_failing_plan(refused, 1);
        char *p = ep__guard_alloc(100, 1, 0);
        vm_failing_plan(0, 0);
        if (p != NULL)
            ep_free(p);
        assert_int_equal(check_account().unaccounted_bytes, 0);
    }
}

static void an_ordinary_block_is_not_found(void)
{
    struct tracked copy;
    assert_false(ep__guard_find(ep_malloc(100), &copy));
    assert_false(ep__guard_find(ep_malloc(200000), &copy));
    assert_false(ep__guard_find(&copy, &copy));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_block_ends_where_it_cannot_be_touched),
        alone(what_is_too_big_has_no_guard),
        alone(the_oldest_freed_one_makes_room),
        alone(where_all_are_in_use_there_is_none),
        alone(a_kernel_that_refuses_leaves_the_heap_whole),
        alone(an_ordinary_block_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
