/* Questions: lib/api/query.c. */
#include "unit/alone.h"

#include <epmalloc/epmalloc.h>

#include "cache/cache.h"
#include "sys/vm.h"

static void questions_initialise_nothing(void)
{
    int local = 0;
    assert_false(ep_owns(&local));
    assert_false(ep_owns(NULL));
    assert_int_equal(ep_usable_size(&local), 0);
    assert_int_equal(ep_usable_size(NULL), 0);
    assert_int_equal(ep_good_size(100), 112);
    void *start = &local;
    assert_int_equal(ep_address_range(&start), 0);
    assert_null(start);
    assert_null(ep__tls.cache);
    assert_null(ep__window_at(0));
}

static void good_size_is_the_class_the_slots_or_the_pages(void)
{
    size_t page = ep__vm_page_bytes();
    size_t size = 1;
    assert_int_equal(ep_good_size(0), 16);
    for (unsigned i = 0; i < EP__CLASSES; i++)
        for (; size <= ep__size_classes[i].bytes; size++)
            assert_int_equal(ep_good_size(size), ep__size_classes[i].bytes);
    for (; size <= EP__RUN_BYTES_MAX; size += 1000)
        assert_int_equal(ep_good_size(size), (size + 65535) / 65536 * 65536);
    for (; size <= (size_t)64 << 20; size = size * 3 / 2)
        assert_int_equal(ep_good_size(size), (size + page - 1) / page * page);
}

static void good_size_of_what_cannot_be_is_zero(void)
{
    size_t page = ep__vm_page_bytes();
    assert_int_equal(ep_good_size((size_t)PTRDIFF_MAX - page), (size_t)PTRDIFF_MAX + 1 - page);
    assert_int_equal(ep_good_size((size_t)PTRDIFF_MAX - page + 1), 0);
    assert_int_equal(ep_good_size(PTRDIFF_MAX), 0);
    assert_int_equal(ep_good_size(SIZE_MAX), 0);
}

static void the_address_range_is_the_first_window(void)
{
    void *start = NULL;
    void *block = ep_malloc(100);
    assert_non_null(block);
    size_t bytes = ep_address_range(&start);
    struct window *window = ep__window_at(0);
    assert_ptr_equal(start, window->base);
    assert_int_equal(bytes, (size_t)window->arena_count * EP__ARENA_BYTES);
    assert_true((uintptr_t)block - (uintptr_t)start < bytes);
    ep_free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(questions_initialise_nothing),
        alone(good_size_is_the_class_the_slots_or_the_pages),
        alone(good_size_of_what_cannot_be_is_zero),
        alone(the_address_range_is_the_first_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
