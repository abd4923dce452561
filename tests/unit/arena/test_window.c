/* Windows: lib/arena/window.c, with a kernel that refuses. */
#include "unit/alone.h"

#include <errno.h>
#include <sys/resource.h>

#include "arena/arena.h"
#include "fake/vm_failing.h"
#include "sys/vm.h"
#include "unit/memory.h"

static size_t arena_bytes(const struct window *window)
{
    return (size_t)window->arena_count << EP__ARENA_LOG2;
}

/* Everything that a window promises before anything was done with it. */
static void check_window(struct window *window, unsigned place)
{
    size_t slots = window->slot_count;
    assert_ptr_equal(ep__window_at(place), window);
    assert_int_equal((uintptr_t)window->base % EP__ARENA_BYTES, 0);
    assert_true(ep__is_power_of_two(window->arena_count));
    assert_in_range(window->arena_count, 1, 1 << 18);
    assert_int_equal(slots, (size_t)window->arena_count * EP__ARENA_SLOTS);
    assert_ptr_equal((char *)window + window->metadata_bytes, window->base);
    assert_true((char *)window->owners >= (char *)(window + 1));
    assert_true((char *)window->groups >= (char *)(window->owners + slots));
    size_t groups = (window->arena_count + EP__GROUP_ARENAS - 1) / EP__GROUP_ARENAS;
    assert_true(window->pools >= (char *)(window->groups + groups));
    char *gap = window->base - ep__vm_page_bytes();
    assert_true(gap >= window->pools + slots * EP__DESCRIPTOR_BYTES);
    assert_int_equal(ep__arena_ids_begun(window), 0);
    assert_false(ep__window_is_closed(window));
    assert_int_equal(page_rights(window->base), NO_ACCESS);
    assert_int_equal(page_rights(window->base + arena_bytes(window) - 1), NO_ACCESS);
}

static void a_window_is_complete_when_it_is_known(void)
{
    assert_null(ep__window_at(0));
    errno = EDOM;
    struct window *window = ep__window_add(0);
    assert_non_null(window);
    check_window(window, 0);
    assert_int_equal(errno, EDOM);
}

static void tables_read_as_zero_from_the_start(void)
{
    struct window *window = ep__window_add(0);
    uint32_t last = window->slot_count - 1;
    assert_int_equal(page_rights(window->owners), CAN_READ);
    assert_int_equal(page_rights(window->pools), CAN_READ);
    assert_true(is_all(&window->owners[0], 64, 0));
    assert_true(is_all(&window->owners[last], sizeof window->owners[0], 0));
    assert_true(is_all(&window->groups[0], sizeof window->groups[0], 0));
    assert_true(is_all(window->pools, EP__DESCRIPTOR_BYTES, 0));
    assert_true(
        is_all(window->pools + last * (size_t)EP__DESCRIPTOR_BYTES, EP__DESCRIPTOR_BYTES, 0));
}

static void an_address_is_found_in_the_window_that_holds_it(void)
{
    assert_null(ep__window_find(&errno));
    struct window *first = ep__window_add(0);
    struct window *second = ep__window_add(1);
    struct window *windows[] = {first, second};
    assert_ptr_not_equal(first, second);
    for (unsigned i = 0; i < 2; i++) {
        char *base = windows[i]->base;
        char *end = base + arena_bytes(windows[i]);
        assert_ptr_equal(ep__window_find(base), windows[i]);
        assert_ptr_equal(ep__window_find(end - 1), windows[i]);
        assert_ptr_not_equal(ep__window_find(base - 1), windows[i]);
        assert_ptr_not_equal(ep__window_find(end), windows[i]);
        assert_int_equal(ep__window_slot(windows[i], base + EP__SLOT_BYTES), 1);
        assert_int_equal(ep__window_slot(windows[i], end - 1), windows[i]->slot_count - 1);
    }
    assert_null(ep__window_find(NULL));
    assert_null(ep__window_find(&errno));
    assert_null(ep__window_find((void *)UINTPTR_MAX));
}

static void a_window_that_is_there_is_not_made_again(void)
{
    struct window *first = ep__window_add(0);
    size_t unwritable = unwritable_bytes();
    assert_ptr_equal(ep__window_add(0), first);
    assert_true(unwritable_bytes() == unwritable);
    check_window(ep__window_add(1), 1);
    assert_ptr_equal(ep__window_add(0), first);
}

static void there_is_no_place_for_a_65th_window(void)
{
    assert_null(ep__window_add(EP__WINDOWS_MAX));
    assert_null(ep__window_add(UINT32_MAX));
    assert_null(ep__window_at(0));
}

/* Small enough that no machine and no tool refuses it of its own. */
enum { SURE_REFUSALS = 10 };

static void a_refused_size_is_halved_down_to_one_arena(void)
{
    vm_failing_plan(1, SURE_REFUSALS);
    struct window *window = ep__window_add(0);
    unsigned place = 1;
    for (; window->arena_count > 1; place++) {
        uint32_t before = window->arena_count;
        vm_failing_plan(1, SURE_REFUSALS + place);
        window = ep__window_add(place);
        assert_non_null(window);
        check_window(window, place);
        assert_int_equal(window->arena_count, before / 2);
    }
    vm_failing_plan(1, SURE_REFUSALS + place);
    assert_null(ep__window_add(place));
    assert_string_equal(vm_failing_last(), "reserve");
}

/* A window of one arena in the second place. */
static struct window *add_smallest(void)
{
    vm_failing_plan(1, SURE_REFUSALS);
    struct window *window = ep__window_add(0);
    vm_failing_plan(1, SURE_REFUSALS + ep__log2_ceil(window->arena_count));
    window = ep__window_add(1);
    vm_failing_plan(0, 0);
    return window;
}

static void the_smallest_window_is_one_arena(void)
{
    struct window *window = add_smallest();
    check_window(window, 1);
    assert_int_equal(window->arena_count, 1);
    assert_true(ep__window_open_group(window, 0));
    assert_int_equal(page_rights(window->owners), CAN_READ + CAN_WRITE);
    char *last = window->pools + (EP__ARENA_SLOTS - 1) * EP__DESCRIPTOR_BYTES;
    assert_int_equal(page_rights(last), CAN_READ + CAN_WRITE);
    assert_int_equal(page_rights(window->base - 1), CAN_READ);
    assert_int_equal(page_rights(window->base), NO_ACCESS);
}

static void without_address_space_there_is_no_window_and_nothing_has_changed(void)
{
    size_t unwritable = unwritable_bytes();
    vm_failing_plan(1, UINT64_MAX);
    errno = EDOM;
    assert_null(ep__window_add(0));
    assert_int_equal(errno, EDOM);
    assert_null(ep__window_at(0));
    assert_true(unwritable_bytes() == unwritable);
    vm_failing_plan(0, 0);
    check_window(ep__window_add(0), 0);
}

/* Fails each call of an addition in turn: what comes is a smaller window, and nothing else stays mapped. */
static void every_single_refusal_leaves_a_good_window(void)
{
    vm_failing_plan(0, 0);
    assert_non_null(ep__window_add(0));
    unsigned calls = (unsigned)vm_failing_calls();
    for (unsigned n = 1; n <= calls; n++) {
        size_t unwritable = unwritable_bytes();
        vm_failing_plan(n, 1);
        struct window *window = ep__window_add(n);
        assert_non_null(window);
        check_window(window, n);
        size_t size = (size_t)(window->base - (char *)(window + 1)) + arena_bytes(window);
        if (strcmp(vm_failing_last(), "unmap") != 0)
            assert_in_range(unwritable_bytes() - unwritable, size - EP__ARENA_BYTES / 2, size);
    }
}

static void under_a_limit_a_window_takes_at_most_an_eighth(void)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
    limit.rlim_cur = mapped_bytes() + ((size_t)2 << 30);
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    assert_int_equal(ep__vm_limit_bytes(), limit.rlim_cur);
    struct window *window = ep__window_add(0);
    check_window(window, 0);
    assert_true(arena_bytes(window) <= limit.rlim_cur / 8);
}

static void check_writable(const struct window *window, uint32_t group)
{
    size_t first = (size_t)group * EP__GROUP_ARENAS * EP__ARENA_SLOTS;
    size_t last = first + EP__GROUP_ARENAS * EP__ARENA_SLOTS - 1;
    const void *ends[] = {&window->owners[first],
                          &window->owners[last],
                          &window->groups[group],
                          (char *)&window->groups[group + 1] - 1,
                          window->pools + first * EP__DESCRIPTOR_BYTES,
                          window->pools + (last + 1) * EP__DESCRIPTOR_BYTES - 1};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        assert_int_equal(page_rights(ends[i]), CAN_READ + CAN_WRITE);
}

static void a_group_is_opened_whole_and_alone(void)
{
    struct window *window = ep__window_add(0);
    uint32_t last = window->arena_count / EP__GROUP_ARENAS - 1;
    assert_true(last >= 2);
    assert_true(ep__window_open_group(window, EP__GROUP_ARENAS - 1));
    check_writable(window, 0);
    assert_true(ep__window_open_group(window, window->arena_count - 1));
    check_writable(window, last);
    size_t between = (size_t)EP__GROUP_ARENAS * EP__ARENA_SLOTS * 3 / 2;
    assert_int_equal(page_rights(window->pools + between * EP__DESCRIPTOR_BYTES), CAN_READ);
    assert_true(is_all(window->pools + between * EP__DESCRIPTOR_BYTES, EP__DESCRIPTOR_BYTES, 0));
}

static void an_open_group_costs_no_call(void)
{
    struct window *window = ep__window_add(0);
    assert_true(ep__window_open_group(window, 0));
    vm_failing_plan(1, UINT64_MAX);
    assert_true(ep__window_open_group(window, EP__GROUP_ARENAS - 1));
    assert_int_equal(vm_failing_calls(), 0);
    assert_false(ep__window_open_group(window, EP__GROUP_ARENAS));
}

static void a_group_that_was_refused_is_opened_later(void)
{
    struct window *window = ep__window_add(0);
    vm_failing_plan(0, 0);
    assert_true(ep__window_open_group(window, 0));
    unsigned calls = (unsigned)vm_failing_calls();
    for (unsigned n = 1; n <= calls; n++) {
        vm_failing_plan(n, 1);
        assert_false(ep__window_open_group(window, n * EP__GROUP_ARENAS));
        assert_true(ep__window_open_group(window, n * EP__GROUP_ARENAS));
        check_writable(window, n);
    }
}

static void closing_concerns_the_windows_there_are(void)
{
    struct window *first = ep__window_add(0);
    ep__windows_close();
    assert_true(ep__window_is_closed(first));
    assert_ptr_equal(ep__window_find(first->base), first);
    struct window *second = ep__window_add(1);
    assert_false(ep__window_is_closed(second));
    ep__windows_close();
    assert_true(ep__window_is_closed(second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_window_is_complete_when_it_is_known),
        alone(tables_read_as_zero_from_the_start),
        alone(an_address_is_found_in_the_window_that_holds_it),
        alone(a_window_that_is_there_is_not_made_again),
        alone(there_is_no_place_for_a_65th_window),
        alone(a_refused_size_is_halved_down_to_one_arena),
        alone(the_smallest_window_is_one_arena),
        alone(without_address_space_there_is_no_window_and_nothing_has_changed),
        alone(every_single_refusal_leaves_a_good_window),
        alone(under_a_limit_a_window_takes_at_most_an_eighth),
        alone(a_group_is_opened_whole_and_alone),
        alone(an_open_group_costs_no_call),
        alone(a_group_that_was_refused_is_opened_later),
        alone(closing_concerns_the_windows_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
