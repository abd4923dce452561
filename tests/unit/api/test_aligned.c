/* Aligned blocks and sized frees: lib/api/aligned.c, alignment.h. */
#include "unit/alone.h"

#include <epmalloc/epmalloc.h>
#include <errno.h>

#include "api/alignment.h"
#include "fake/vm_failing.h"

static void alignments_are_rounded_up_to_powers_of_two(void)
{
    assert_int_equal(ep__alignment_round_up(0), 1);
    assert_int_equal(ep__alignment_round_up(1), 1);
    assert_int_equal(ep__alignment_round_up(2), 2);
    assert_int_equal(ep__alignment_round_up(3), 4);
    assert_int_equal(ep__alignment_round_up(4097), 8192);
    assert_int_equal(ep__alignment_round_up(SIZE_MAX / 2), SIZE_MAX / 2 + 1);
    assert_int_equal(ep__alignment_round_up(SIZE_MAX / 2 + 1), SIZE_MAX / 2 + 1);
    assert_int_equal(ep__alignment_round_up(SIZE_MAX / 2 + 2), 0);
    assert_int_equal(ep__alignment_round_up(SIZE_MAX), 0);
}

/* What alignment.h argues: the class of a rounded size is a multiple of the alignment. */
static void the_class_of_a_rounded_size_is_aligned(void)
{
    for (size_t alignment = 1; alignment <= EP__FAST_ALIGNMENT_MAX; alignment *= 2) {
        for (size_t size = 1; size <= EP__FAST_ALIGNED_BYTES_MAX; size++) {
            unsigned class = ep__size_class_of(ep__round_up(size, alignment));
            assert_int_equal(ep__size_classes[class].bytes % alignment, 0);
            assert_int_equal(class, ep__size_class_aligned(size, alignment));
        }
    }
}

static void a_small_aligned_block_comes_from_the_list_that_malloc_pops(void)
{
    assert_non_null(ep_malloc(192));
    struct block *head = ep__tls.heads[12];
    assert_non_null(head);
    assert_ptr_equal(ep_aligned_alloc(64, 130), head);
}

static void sized_frees_are_frees(void)
{
    struct ep_stats before;
    struct ep_stats after;
    ep_stats(&before, sizeof before);
    ep_free_sized(ep_malloc(100), 100);
    ep_free_aligned_sized(ep_aligned_alloc(64, 100), 64, 100);
    ep_free_aligned_sized(ep_aligned_alloc((size_t)1 << 23, 100), (size_t)1 << 23, 100);
    ep_stats(&after, sizeof after);
    assert_int_equal(after.blocks_in_use, before.blocks_in_use);
    assert_int_equal(after.huge_blocks, before.huge_blocks);
}

static void without_memory_only_the_results_say_so(void)
{
    for (size_t alignment = 8; alignment <= (size_t)1 << 24; alignment *= 8) {
        void *p = &p;
        vm_failing_plan(1, UINT64_MAX);
        errno = EDOM;
        assert_int_equal(ep_posix_memalign(&p, alignment, 20000), ENOMEM);
        assert_int_equal(errno, EDOM);
        assert_ptr_equal(p, &p);
        assert_null(ep_aligned_alloc(alignment, 20000));
        assert_int_equal(errno, ENOMEM);
        errno = 0;
        assert_null(ep_memalign(alignment, 20000));
        assert_int_equal(errno, ENOMEM);
        vm_failing_plan(0, 0);
    }
    ep_free(ep_memalign(4096, 20000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(alignments_are_rounded_up_to_powers_of_two),
        alone(the_class_of_a_rounded_size_is_aligned),
        alone(a_small_aligned_block_comes_from_the_list_that_malloc_pops),
        alone(sized_frees_are_frees),
        alone(without_memory_only_the_results_say_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
