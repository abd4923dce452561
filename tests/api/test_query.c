/* What the questions and the controls promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <epmalloc/epmalloc.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "api/sizes.h"

static int global;

static void only_the_starts_of_blocks_are_owned(void **state)
{
    static const size_t sizes[] = {1, 48, 512, 3000, 10000, 30000, 70000, 1000000, 5000000};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *p = ep_malloc(sizes[i]);
        assert_non_null(p);
        assert_true(ep_owns(p));
        assert_false(ep_owns(p + 1));
        assert_int_equal(ep_usable_size(p + 1), 0);
        if (sizes[i] > 16)
            assert_false(ep_owns(p + 16));
        ep_free(p);
    }
}

static void nothing_else_is_owned(void **state)
{
    int local;
    (void)state;
    void *mapping = mmap(NULL, (size_t)8 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(mapping, MAP_FAILED);
    const void *others[] = {NULL,
                            &local,
                            &global,
                            mapping,
                            (char *)mapping + ((size_t)4 << 20),
                            (void *)(uintptr_t)16,
                            (void *)UINTPTR_MAX,
                            (void *)(uintptr_t)0xffff800000000000,
                            (void *)(uintptr_t)0x7ffffffff000};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(ep_owns(others[i]));
        assert_int_equal(ep_usable_size(others[i]), 0);
    }
    munmap(mapping, (size_t)8 << 20);
}

/* Every multiple of 1 KiB for 64 MiB about a block, and farther on: no answer may touch memory. */
static void addresses_near_blocks_can_be_asked_for(void **state)
{
    (void)state;
    char *p = ep_malloc(100);
    assert_non_null(p);
    uintptr_t address = (uintptr_t)p;
    unsigned owned = 0;
    for (intptr_t offset = -(32 << 20); offset < 32 << 20; offset += 1024)
        owned += ep_owns((void *)(address + (uintptr_t)offset));
    for (unsigned log2 = 26; log2 < 48; log2++) {
        owned += ep_owns((void *)(address + ((uintptr_t)1 << log2)));
        owned += ep_owns((void *)(address - ((uintptr_t)1 << log2)));
    }
    assert_true(owned >= 1);
    ep_free(p);
}

static void freed_memory_of_its_own_mapping_is_not_owned(void **state)
{
    (void)state;
    void *huge = ep_malloc((size_t)40 << 20);
    void *run = ep_malloc(200000);
    assert_non_null(huge);
    assert_non_null(run);
    void *volatile freed_huge = huge;
    void *volatile freed_run = run;
    ep_free(huge);
    ep_free(run);
    assert_false(ep_owns(freed_huge));
    assert_false(ep_owns(freed_run));
}

static void options_are_text_that_options_accept(void **state)
{
    char text[512];
    char cut[10];
    char untouched = 'x';
    (void)state;
    errno = EDOM;
    size_t length = ep_options(text, sizeof text);
    assert_int_equal(length, strlen(text));
    assert_non_null(strstr(text, ",keep_empty:1,"));
    assert_int_equal(ep_options(cut, sizeof cut), length);
    assert_int_equal(strlen(cut), sizeof cut - 1);
    assert_memory_equal(cut, text, sizeof cut - 1);
    assert_int_equal(ep_options(NULL, 0), length);
    assert_int_equal(ep_options(&untouched, 0), length);
    assert_int_equal(untouched, 'x');
    assert_int_equal(errno, EDOM);
}

static void purge_gives_free_memory_back_and_keeps_the_rest(void **state)
{
    enum { BLOCKS = 400, SIZE = 20000 };
    static void *blocks[BLOCKS];
    struct ep_stats account;
    (void)state;
    for (unsigned i = 0; i < BLOCKS; i++) {
        blocks[i] = ep_malloc(SIZE);
        assert_non_null(blocks[i]);
        fill_block(blocks[i], SIZE, i);
    }
    for (unsigned i = 0; i < BLOCKS; i++)
        if (i % 100 != 0)
            ep_free(blocks[i]);
    ep_thread_idle();
    errno = EDOM;
    assert_true(ep_purge() > (size_t)BLOCKS * SIZE / 4);
    assert_int_equal(errno, EDOM);
    assert_int_equal(ep_stats(&account, sizeof account), 0);
    assert_int_equal(account.dirty_bytes, 0);
    assert_int_equal(account.huge_cached_bytes, 0);
    assert_int_equal(ep_purge(), 0);
    for (unsigned i = 0; i < BLOCKS; i += 100) {
        assert_int_equal(count_filled(blocks[i], SIZE, i), SIZE);
        ep_free(blocks[i]);
    }
}

static void an_idle_thread_goes_on_where_it_was(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        void *p = ep_malloc(100 + round);
        assert_non_null(p);
        fill_block(p, 100, round);
        ep_thread_idle();
        void *q = ep_malloc(100 + round);
        assert_non_null(q);
        assert_ptr_not_equal(p, q);
        assert_int_equal(count_filled(p, 100, round), 100);
        ep_free(p);
        ep_thread_idle();
        ep_free(q);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_starts_of_blocks_are_owned),
        cmocka_unit_test(nothing_else_is_owned),
        cmocka_unit_test(addresses_near_blocks_can_be_asked_for),
        cmocka_unit_test(freed_memory_of_its_own_mapping_is_not_owned),
        cmocka_unit_test(options_are_text_that_options_accept),
        cmocka_unit_test(purge_gives_free_memory_back_and_keeps_the_rest),
        cmocka_unit_test(an_idle_thread_goes_on_where_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
