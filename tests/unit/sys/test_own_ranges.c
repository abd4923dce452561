/* Own ranges: lib/sys/own_ranges.c. */
#include "unit/alone.h"

#include "sys/own_ranges.h"

static void note(uintptr_t start, size_t bytes)
{
    ep__own_range_note((const void *)start, bytes);
}

static void the_next_range_above_an_address_is_found(void)
{
    uintptr_t first;
    uintptr_t limit;
    assert_false(ep__own_range_above(0, &first, &limit));
    note(5000, 100);
    note(1000, 100);
    note(3000, 100);
    assert_true(ep__own_range_above(0, &first, &limit));
    assert_int_equal(first, 1000);
    assert_int_equal(limit, 1100);
    assert_true(ep__own_range_above(1099, &first, &limit));
    assert_int_equal(first, 1000);
    assert_true(ep__own_range_above(1100, &first, &limit));
    assert_int_equal(first, 3000);
    assert_false(ep__own_range_above(5100, &first, &limit));
}

static void ranges_without_a_place_are_forgotten(void)
{
    uintptr_t first;
    uintptr_t limit;
    for (uintptr_t i = 1; i < 5000; i++)
        note(i * 100, 10);
    assert_true(ep__own_range_above(2048 * 100, &first, &limit));
    assert_false(ep__own_range_above(2049 * 100, &first, &limit));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(the_next_range_above_an_address_is_found),
        alone(ranges_without_a_place_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
