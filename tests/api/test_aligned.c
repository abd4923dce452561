/* What the aligned forms promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <epmalloc/epmalloc.h>
#include <errno.h>
#include <string.h>

#include "api/sizes.h"

enum { ALIGNMENT_LOG2_MAX = 30 };

static volatile size_t size_max = SIZE_MAX;

/* Fills small blocks, and the ends of big ones, so that 1 GiB alignments do not cost 1 GiB. */
static void touch(void *block, size_t size, unsigned seed)
{
    char *bytes = block;
    if (size <= 65536) {
        fill_block(block, size, seed);
        return;
    }
    bytes[0] = (char)seed;
    bytes[size - 1] = (char)seed;
}

static bool is_touched(const void *block, size_t size, unsigned seed)
{
    const char *bytes = block;
    if (size <= 65536)
        return count_filled(block, size, seed) == size;
    return bytes[0] == (char)seed && bytes[size - 1] == (char)seed;
}

static void *allocate(unsigned form, size_t alignment, size_t size)
{
    void *p = NULL;
    if (form == 0)
        return ep_aligned_alloc(alignment, size);
    if (form == 1)
        return ep_memalign(alignment, size);
    return ep_posix_memalign(&p, alignment, size) == 0 ? p : NULL;
}

/* Several live blocks at once, by all forms: aligned, big enough, apart from each other. */
static void check_alignment(size_t alignment, size_t size)
{
    enum { BLOCKS = 6 };
    void *blocks[BLOCKS];
    unsigned forms = alignment < sizeof(void *) ? 2 : 3;
    for (unsigned i = 0; i < BLOCKS; i++) {
        errno = EDOM;
        blocks[i] = allocate(i % forms, alignment, size);
        assert_non_null(blocks[i]);
        assert_int_equal(errno, EDOM);
        assert_int_equal((uintptr_t)blocks[i] % alignment, 0);
        assert_true(ep_usable_size(blocks[i]) >= size);
        assert_true(ep_owns(blocks[i]));
        touch(blocks[i], ep_usable_size(blocks[i]), i);
    }
    for (unsigned i = 0; i < BLOCKS; i++) {
        assert_true(is_touched(blocks[i], ep_usable_size(blocks[i]), i));
        if (i % 2 == 0)
            ep_free(blocks[i]);
        else
            ep_free_aligned_sized(blocks[i], alignment, size);
    }
}

static void every_power_of_two_to_a_gibibyte_is_kept(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 24, 100, 1000, 5000, 33000, 70000, 1048576, 1100000};
    for (unsigned log2 = 0; log2 <= ALIGNMENT_LOG2_MAX; log2++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            check_alignment((size_t)1 << log2, sizes[i]);
}

static void sizes_about_the_alignment_are_served(void **state)
{
    (void)state;
    for (unsigned log2 = 0; log2 <= 25; log2++) {
        size_t alignment = (size_t)1 << log2;
        check_alignment(alignment, alignment - 1);
        check_alignment(alignment, alignment);
        check_alignment(alignment, alignment + 1);
        check_alignment(alignment, 3 * alignment);
    }
}

static void every_class_keeps_the_alignments_it_is_chosen_for(void **state)
{
    static struct edges edges;
    (void)state;
    collect_edges(&edges);
    for (size_t i = 0; i < edges.count; i += 2)
        for (size_t alignment = 32; alignment <= 8192; alignment *= 4)
            check_alignment(alignment, edges.sizes[i]);
}

static void aligned_alloc_refuses_what_is_no_power_of_two(void **state)
{
    (void)state;
    static const size_t alignments[] = {0, 3, 24, 48, 4095, 4097, (size_t)3 << 20};
    for (size_t i = 0; i < sizeof alignments / sizeof alignments[0]; i++) {
        volatile size_t alignment = alignments[i];
        errno = 0;
        assert_null(ep_aligned_alloc(alignment, 100));
        assert_int_equal(errno, EINVAL);
    }
}

static void posix_memalign_reports_by_its_result_alone(void **state)
{
    (void)state;
    static const size_t alignments[] = {0, 1, 2, 4, 3, 12, 24, 4097};
    char mark;
    for (size_t i = 0; i < sizeof alignments / sizeof alignments[0]; i++) {
        void *p = &mark;
        errno = EDOM;
        assert_int_equal(ep_posix_memalign(&p, alignments[i], 100), EINVAL);
        assert_ptr_equal(p, &mark);
        assert_int_equal(errno, EDOM);
    }
    void *p = &mark;
    assert_int_equal(ep_posix_memalign(&p, 64, size_max / 2 + 1), ENOMEM);
    assert_int_equal(ep_posix_memalign(&p, 64, size_max), ENOMEM);
    assert_int_equal(ep_posix_memalign(&p, (size_t)1 << 62, 1), ENOMEM);
    assert_ptr_equal(p, &mark);
    assert_int_equal(errno, EDOM);
}

static void memalign_rounds_up(void **state)
{
    (void)state;
    static const size_t cases[][2] = {{0, 16},      {1, 16},       {3, 16},           {17, 32},
                                      {48, 64},     {65, 128},     {1000, 1024},      {4097, 8192},
                                      {5000, 8192}, {9000, 16384}, {1000000, 1048576}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        void *p = ep_memalign(cases[i][0], 40);
        void *q = ep_memalign(cases[i][0], 40);
        assert_non_null(p);
        assert_non_null(q);
        assert_int_equal((uintptr_t)p % cases[i][1], 0);
        assert_int_equal((uintptr_t)q % cases[i][1], 0);
        ep_free(p);
        ep_free(q);
    }
    errno = 0;
    assert_null(ep_memalign(size_max, 40));
    assert_int_equal(errno, EINVAL);
}

static void alignments_beyond_the_address_space_fail(void **state)
{
    (void)state;
    for (unsigned log2 = 48; log2 < 64; log2++) {
        errno = 0;
        assert_null(ep_aligned_alloc((size_t)1 << log2, 1));
        assert_int_equal(errno, ENOMEM);
        errno = 0;
        assert_null(ep_memalign((size_t)1 << log2, (size_t)1 << log2));
        assert_int_equal(errno, ENOMEM);
    }
}

static void an_aligned_block_can_be_resized(void **state)
{
    (void)state;
    for (unsigned log2 = 4; log2 <= 24; log2++) {
        void *p = ep_aligned_alloc((size_t)1 << log2, 300);
        assert_non_null(p);
        fill_block(p, 300, log2);
        p = ep_realloc(p, 50000);
        assert_non_null(p);
        assert_int_equal(count_filled(p, 300, log2), 300);
        p = ep_realloc(p, 200);
        assert_non_null(p);
        assert_int_equal(count_filled(p, 200, log2), 200);
        ep_free_sized(p, 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_power_of_two_to_a_gibibyte_is_kept),
        cmocka_unit_test(sizes_about_the_alignment_are_served),
        cmocka_unit_test(every_class_keeps_the_alignments_it_is_chosen_for),
        cmocka_unit_test(aligned_alloc_refuses_what_is_no_power_of_two),
        cmocka_unit_test(posix_memalign_reports_by_its_result_alone),
        cmocka_unit_test(memalign_rounds_up),
        cmocka_unit_test(alignments_beyond_the_address_space_fail),
        cmocka_unit_test(an_aligned_block_can_be_resized),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
