/* malloc's own names keep glibc's contracts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <epmalloc/epmalloc.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/sizes.h"

void free_sized(void *p, size_t size);
void free_aligned_sized(void *p, size_t alignment, size_t size);

static volatile size_t ptrdiff_max = PTRDIFF_MAX;
static volatile size_t size_max = SIZE_MAX;

static void every_name_is_epmalloc(void **state)
{
    void *aligned = NULL;
    (void)state;
    assert_int_equal(posix_memalign(&aligned, 64, 40), 0);
    void *blocks[] = {malloc(40),
                      calloc(4, 10),
                      realloc(NULL, 40),
                      reallocarray(NULL, 4, 10),
                      aligned_alloc(64, 40),
                      memalign(64, 40),
                      valloc(40),
                      pvalloc(40),
                      strdup("a copy"),
                      aligned};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        assert_non_null(blocks[i]);
        assert_true(ep_owns(blocks[i]));
        assert_true(malloc_usable_size(blocks[i]) >= (i == 8 ? 7 : 40));
        if (i % 3 == 0)
            free(blocks[i]);
        else if (i % 3 == 1)
            free_sized(blocks[i], 7);
        else
            free_aligned_sized(blocks[i], 1, 7);
    }
}

static void families_mix(void **state)
{
    (void)state;
    char *p = ep_malloc(100);
    assert_non_null(p);
    fill_block(p, 100, 5);
    p = realloc(p, 100000);
    assert_non_null(p);
    p = ep_realloc(p, 200);
    assert_non_null(p);
    assert_int_equal(count_filled(p, 100, 5), 100);
    free(p);
    p = malloc(10);
    assert_non_null(p);
    ep_free(p);
}

static void errno_is_untouched_by_success_and_by_free(void **state)
{
    void *p = NULL;
    (void)state;
    errno = EDOM;
    free(malloc(0));
    free(calloc(0, 0));
    free(calloc(1000, 1000));
    free(malloc(100000));
    free(malloc(10000000));
    free(realloc(malloc(100), 2000000));
    assert_int_equal(posix_memalign(&p, 4096, 10000), 0);
    free(p);
    free(NULL);
    assert_int_equal(malloc_usable_size(NULL), 0);
    assert_int_equal(errno, EDOM);
}

static void expect_failure(void *p, int error)
{
    int errno_after = errno;
    assert_null(p);
    assert_int_equal(errno_after, error);
    errno = 0;
}

static void what_cannot_be_had_is_enomem(void **state)
{
    (void)state;
    const size_t sizes[] = {ptrdiff_max - 5000, ptrdiff_max, ptrdiff_max + 1, size_max - 5000,
                            size_max};
    /* volatile: the compiler takes a block for freed that went through a realloc, failed or not. */
    void *volatile p = malloc(100);
    assert_non_null(p);
    errno = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        expect_failure(malloc(sizes[i]), ENOMEM);
        expect_failure(calloc(sizes[i], 1), ENOMEM);
        expect_failure(realloc(p, sizes[i]), ENOMEM);
        expect_failure(reallocarray(p, sizes[i], 1), ENOMEM);
        expect_failure(aligned_alloc(64, sizes[i]), ENOMEM);
        expect_failure(memalign(8192, sizes[i]), ENOMEM);
        expect_failure(valloc(sizes[i]), ENOMEM);
        expect_failure(pvalloc(sizes[i]), ENOMEM);
    }
    expect_failure(calloc(size_max / 2, 3), ENOMEM);
    expect_failure(reallocarray(p, size_max / 2, 3), ENOMEM);
    free(p);
}

static void realloc_of_size_zero_frees(void **state)
{
    (void)state;
    size_t before = mallinfo2().uordblks;
    for (unsigned i = 0; i < 100; i++) {
        errno = EDOM;
        assert_null(realloc(malloc(3000), 0));
        assert_null(reallocarray(malloc(100000), 10, 0));
        assert_int_equal(errno, EDOM);
    }
    assert_int_equal(mallinfo2().uordblks, before);
    void *p = realloc(NULL, 0);
    assert_non_null(p);
    free(p);
}

static void posix_memalign_reports_by_its_result_alone(void **state)
{
    void *p = &p;
    (void)state;
    errno = EDOM;
    assert_int_equal(posix_memalign(&p, 0, 8), EINVAL);
    assert_int_equal(posix_memalign(&p, 4, 8), EINVAL);
    assert_int_equal(posix_memalign(&p, 24, 8), EINVAL);
    assert_int_equal(posix_memalign(&p, 16, ptrdiff_max), ENOMEM);
    assert_int_equal(errno, EDOM);
    assert_ptr_equal(p, &p);
}

/* As glibc 2.36: not only memalign(), aligned_alloc() too. */
static void odd_alignments_are_rounded_up(void **state)
{
    (void)state;
    static const size_t cases[][2] = {{0, 16},  {3, 16},    {24, 32},
                                      {48, 64}, {100, 128}, {4097, 8192}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        volatile size_t alignment = cases[i][0];
        void *p = memalign(alignment, 10);
        void *q = aligned_alloc(alignment, 10);
        assert_non_null(p);
        assert_non_null(q);
        assert_int_equal((uintptr_t)p % cases[i][1], 0);
        assert_int_equal((uintptr_t)q % cases[i][1], 0);
        free(p);
        free(q);
    }
    errno = 0;
    expect_failure(memalign(size_max, 10), EINVAL);
    expect_failure(aligned_alloc(size_max / 2 + 2, 10), EINVAL);
}

static void valloc_and_pvalloc_are_about_pages(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t size = 0; size < 5 * page; size += page / 2 + 1) {
        void *p = valloc(size);
        void *q = pvalloc(size);
        assert_non_null(p);
        assert_non_null(q);
        assert_int_equal((uintptr_t)p % page, 0);
        assert_int_equal((uintptr_t)q % page, 0);
        assert_true(malloc_usable_size(q) >= (size + page - 1) / page * page);
        free(p);
        free(q);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_is_epmalloc),
        cmocka_unit_test(families_mix),
        cmocka_unit_test(errno_is_untouched_by_success_and_by_free),
        cmocka_unit_test(what_cannot_be_had_is_enomem),
        cmocka_unit_test(realloc_of_size_zero_frees),
        cmocka_unit_test(posix_memalign_reports_by_its_result_alone),
        cmocka_unit_test(odd_alignments_are_rounded_up),
        cmocka_unit_test(valloc_and_pvalloc_are_about_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
