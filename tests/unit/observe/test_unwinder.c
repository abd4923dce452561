/* The compiler's unwinder: lib/observe/unwinder.c. */
#include "unit/alone.h"

#include <errno.h>

#include "observe/unwinder.h"

static void nothing_is_there_before_somebody_looks(void)
{
    assert_null(ep__unwinder_get());
    assert_true(ep__unwinder_load());
    assert_non_null(ep__unwinder_get());
    assert_true(ep__unwinder_load());
}

static void what_is_found_lies_in_the_range_of_its_code(void)
{
    assert_true(ep__unwinder_load());
    const struct unwinder *unwinder = ep__unwinder_get();
    assert_non_null(unwinder->get_cfa);
    assert_non_null(unwinder->get_ip);
    assert_in_range((uintptr_t)unwinder->backtrace, unwinder->code_first, unwinder->code_limit - 1);
    assert_false((uintptr_t)nothing_is_there_before_somebody_looks - unwinder->code_first <
                 unwinder->code_limit - unwinder->code_first);
}

/* The tests' library is linked without the two symbols. */
static void a_program_with_our_code_inside_has_no_code_of_ours(void)
{
    assert_true(ep__unwinder_load());
    const struct unwinder *unwinder = ep__unwinder_get();
    assert_false(ep__unwinder_is_own(unwinder, (uintptr_t)ep__unwinder_load));
    const struct unwinder ours = {.own_first = 100, .own_limit = 200};
    assert_true(ep__unwinder_is_own(&ours, 100));
    assert_true(ep__unwinder_is_own(&ours, 199));
    assert_false(ep__unwinder_is_own(&ours, 99));
    assert_false(ep__unwinder_is_own(&ours, 200));
}

static void looking_keeps_errno(void)
{
    errno = 4711;
    assert_true(ep__unwinder_load());
    assert_int_equal(errno, 4711);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(nothing_is_there_before_somebody_looks),
        alone(what_is_found_lies_in_the_range_of_its_code),
        alone(a_program_with_our_code_inside_has_no_code_of_ours),
        alone(looking_keeps_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
