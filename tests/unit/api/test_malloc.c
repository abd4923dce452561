/* ep_malloc, ep_calloc, ep_free and the fast paths below them: lib/api/malloc.c, fast.h, zeroed.h. */
#include "unit/alone.h"

#include <epmalloc/epmalloc.h>
#include <errno.h>

#include "api/fast.h"
#include "fake/vm_failing.h"
#include "unit/memory.h"

static void nobody_is_born_by_freeing_null(void)
{
    ep_free(NULL);
    assert_int_equal(ep__tls.slot_limit, 0);
    assert_null(ep__window_at(0));
}

static void malloc_pops_the_list_of_the_class(void)
{
    for (size_t size = 1; size <= 512; size += 37) {
        assert_non_null(ep_malloc(size));
        struct block *head = ep__tls.heads[(size + 15) / 16];
        assert_non_null(head);
        struct block *next = head->next;
        assert_ptr_equal(ep_malloc(size), head);
        assert_ptr_equal(ep__tls.heads[(size + 15) / 16], next);
    }
}

static void the_list_of_size_zero_is_always_empty(void)
{
    for (unsigned i = 0; i < 10000; i++) {
        void *p = ep_malloc(0);
        assert_int_equal(ep_usable_size(p), 16);
        assert_null(ep__tls.heads[0]);
        if (i % 3 == 0)
            ep_free(p);
    }
}

static void medium_sizes_pop_a_list_of_the_control_block(void)
{
    for (size_t size = 600; size <= 32768; size = size * 5 / 3) {
        assert_non_null(ep_malloc(size));
        struct block **head = ep__cache_head(ep__tls.cache, ep__size_class_of(size));
        if (*head == NULL)
            continue;
        struct block *first = *head;
        assert_ptr_equal(ep_malloc(size), first);
    }
}

static void a_block_of_the_own_pool_is_freed_without_the_ownership_word(void)
{
    void *p = ep_malloc(100);
    struct window *window = ep__window_at(0);
    struct pool *pool = ep__pool_at(window, ep__window_slot(window, p));
    uint64_t word = ep__pool_word(pool);
    for (unsigned i = 0; i < 1000; i++) {
        ep_free(p);
        p = ep_malloc(100);
        assert_ptr_equal(ep__pool_at(window, ep__window_slot(window, p)), pool);
    }
    assert_int_equal(ep__pool_word(pool), word);
}

static void calloc_clears_recycled_blocks(void)
{
    for (size_t size = 1; size <= 40000; size = size * 2 + 5) {
        void *p = ep_malloc(size);
        memset(p, 0xee, size);
        ep_free(p);
        for (unsigned i = 0; i < 200; i++) {
            char *zeroed = ep_calloc(1, size);
            assert_true(is_all(zeroed, size, 0));
            memset(zeroed, 0xee, size);
            if (i % 2 == 0)
                ep_free(zeroed);
        }
    }
}

/* All is refused; then all is well again. */
static void without_memory_every_size_fails_and_the_next_call_works(void)
{
    static const size_t sizes[] = {0, 100, 3000, 30000, 300000, 3000000};
    for (unsigned i = 0; i < 6; i++) {
        vm_failing_plan(1, UINT64_MAX);
        errno = 0;
        assert_null(ep_malloc(sizes[i]));
        assert_int_equal(errno, ENOMEM);
        errno = 0;
        assert_null(ep_calloc(1, sizes[i]));
        assert_int_equal(errno, ENOMEM);
        vm_failing_plan(0, 0);
    }
    for (unsigned i = 0; i < 6; i++) {
        errno = 0;
        void *p = ep_malloc(sizes[i]);
        assert_non_null(p);
        assert_int_equal(errno, 0);
        ep_free(p);
    }
}

static void a_kernel_that_refuses_one_call_costs_at_most_one_block(void)
{
    for (unsigned call = 1; call <= 12; call++) {
        vm_failing_plan(call, 1);
        void *small = ep_malloc(100 * call);
        void *huge = ep_malloc((size_t)call << 21);
        vm_failing_plan(0, 0);
        assert_true(small == NULL || ep_usable_size(small) >= 100 * call);
        assert_true(huge == NULL || ep_usable_size(huge) >= (size_t)call << 21);
        ep_free(small);
        ep_free(huge);
        assert_non_null(ep_malloc(50));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(nobody_is_born_by_freeing_null),
        alone(malloc_pops_the_list_of_the_class),
        alone(the_list_of_size_zero_is_always_empty),
        alone(medium_sizes_pop_a_list_of_the_control_block),
        alone(a_block_of_the_own_pool_is_freed_without_the_ownership_word),
        alone(calloc_clears_recycled_blocks),
        alone(without_memory_every_size_fails_and_the_next_call_works),
        alone(a_kernel_that_refuses_one_call_costs_at_most_one_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
