/* The checking mode: lib/observe/check.c.  That misuse is told stands in tests/death; here, what is no misuse. */
#include "unit/alone.h"

#include <epmalloc/epmalloc.h>
#include <pthread.h>

#include "observe/check.h"
#include "observe/guard.h"
#include "sys/options.h"
#include "unit/caches.h"

static const size_t sizes[] = {0, 1, 15, 16, 17, 100, 512, 5000, 32768, 70000, 1048576, 3000000};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static void begin(unsigned level)
{
    ep__watch_set(ep__check_begin(level));
}

/* Volatile: the compiler knows where a block ends. */
static void check_bytes(const volatile char *p, size_t count, uint8_t value)
{
    for (size_t i = 0; i < count && i < 65536; i++)
        assert_int_equal((uint8_t)p[i], value);
}

static void new_bytes_are_clean_and_those_around_forbidden(void)
{
    for (unsigned level = 2; level <= 3; level++) {
        begin(level);
        for (unsigned i = 0; i < SIZES; i++) {
            char *volatile p = ep_malloc(sizes[i]);
            assert_int_equal(ep_usable_size(p), sizes[i]);
            check_bytes(p, sizes[i], EP__BYTE_CLEAN);
            check_bytes(p - 16, 16, EP__BYTE_FORBIDDEN);
            if (level == 2)
                check_bytes(p + sizes[i], 8, EP__BYTE_FORBIDDEN);
        }
    }
}

static void freed_bytes_are_dead(void)
{
    begin(2);
    for (unsigned i = 0; i < SIZES; i++) {
        char *volatile p = ep_malloc(sizes[i]);
        ep_free(p);
        check_bytes(p, sizes[i], EP__BYTE_DEAD);
        assert_false(ep_owns(p));
        assert_int_equal(ep_usable_size(p), 0);
    }
}

static void calloc_is_zero(void)
{
    for (unsigned level = 1; level <= 3; level++) {
        assert_true(ep__option_set(EP__OPTION_CHECK_EVERY, 1));
        begin(level);
        for (unsigned i = 0; i < SIZES; i++) {
            char *p = ep_calloc(1, sizes[i]);
            for (size_t j = 0; j < sizes[i]; j++)
                assert_int_equal(p[j], 0);
            ep_free(p);
        }
        ep__check_all();
    }
}

static void realloc_moves_what_was_there(void)
{
    begin(2);
    char *p = NULL;
    size_t before = 0;
    for (unsigned i = 1; i < SIZES; i++) {
        char *q = ep_realloc(p, sizes[i]);
        assert_ptr_not_equal(p, q);
        check_bytes(q, before, 0x5a);
        memset(q, 0x5a, sizes[i]);
        before = sizes[i];
        p = q;
    }
    ep_free_sized(p, before);
    ep__check_all();
}

static void alignments_hold(void)
{
    for (unsigned level = 2; level <= 3; level++) {
        begin(level);
        for (size_t alignment = 1; alignment <= (size_t)1 << 23; alignment *= 2) {
            char *p = ep_aligned_alloc(alignment, 100);
            assert_int_equal((uintptr_t)p % alignment, 0);
            memset(p, 1, 100);
            ep_free_aligned_sized(p, alignment, 100);
        }
        ep__check_all();
    }
}

static void at_level_1_one_in_so_many_is_guarded(void)
{
    enum { REQUESTS = 100, EVERY = 10 };
    unsigned guarded = 0;
    assert_true(ep__option_set(EP__OPTION_CHECK_EVERY, EVERY));
    begin(1);
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct tracked copy;
        guarded += ep__guard_find(ep_malloc(100000), &copy);
    }
    assert_int_equal(guarded, REQUESTS / EVERY);
}

static void the_heap_is_what_it_was_when_all_is_freed(void)
{
    static void *blocks[2000];
    begin(2);
    for (unsigned i = 0; i < 2000; i++)
        blocks[i] = ep_malloc(i * 37 % 9000);
    free_all(blocks, 2000);
    ep__check_all();
    assert_int_equal(check_account().allocated_bytes, 0);
}

static void *churn(void *unused)
{
    for (unsigned i = 0; i < 3000; i++) {
        char *p = ep_malloc(i % 700);
        memset(p, 1, i % 700);
        p = ep_realloc(p, i % 900 + 1);
        ep_free(p);
    }
    return unused;
}

static void threads_are_checked_beside_each_other(void)
{
    pthread_t threads[3];
    for (unsigned level = 1; level <= 3; level++) {
        assert_true(ep__option_set(EP__OPTION_CHECK_EVERY, 3));
        assert_true(ep__option_set(EP__OPTION_CHECK_GUARDS, 100));
        begin(level);
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, churn, NULL), 0);
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        ep__check_all();
    }
}

static void use_in_child(void *p)
{
    ep_free(p);
    (void)churn(NULL);
    ep__check_all();
}

static void a_child_goes_on(void)
{
    for (unsigned level = 2; level <= 3; level++) {
        begin(level);
        in_child(use_in_child, ep_malloc(100));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(new_bytes_are_clean_and_those_around_forbidden),
        alone(freed_bytes_are_dead),
        alone(calloc_is_zero),
        alone(realloc_moves_what_was_there),
        alone(alignments_hold),
        alone(at_level_1_one_in_so_many_is_guarded),
        alone(the_heap_is_what_it_was_when_all_is_freed),
        alone(threads_are_checked_beside_each_other),
        alone(a_child_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
