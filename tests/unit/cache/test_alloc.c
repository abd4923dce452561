/* The slow paths of allocation: lib/cache/alloc.c, with a kernel that refuses. */
#include "unit/alone.h"

#include <errno.h>

#include "arena/huge.h"
#include "fake/vm_failing.h"
#include "sys/vm.h"
#include "unit/caches.h"
#include "unit/memory.h"
#include "unit/thread.h"

#define MIB ((size_t)1 << 20)

static enum ep__found found_at(const void *p)
{
    return ep__lookup(p).what;
}

static void every_size_is_served_by_its_layer(void)
{
    for (size_t size = 1; size <= 4 * MIB; size += 1 + size / 7) {
        errno = EDOM;
        char *p = ep__cache_malloc(size);
        assert_non_null(p);
        assert_int_equal(errno, EDOM);
        size_t usable = ep__cache_usable_size(p);
        assert_true(usable >= size);
        assert_true(ep__cache_owns(p));
        assert_false(ep__cache_owns(p + 1));
        memset(p, 1, usable);
        if (size <= EP__CLASS_BYTES_MAX)
            assert_int_equal(usable, size_of_class(ep__size_class_of(size)));
        else if (size <= EP__RUN_BYTES_MAX)
            assert_int_equal(found_at(p), EP__FOUND_RUN);
        else
            assert_int_equal(ep__huge_bytes(p), usable);
    }
}

enum { CROWD = 70, SHARED_CLASS = 20, BIG_CLASS = 50 };

struct guest {
    struct puppet puppet;
    void *block;     /* of SHARED_CLASS */
    void *big_block; /* of BIG_CLASS */
};

static void get_first_blocks(void *guest)
{
    ((struct guest *)guest)->block = get_block(SHARED_CLASS);
    ((struct guest *)guest)->big_block = get_block(BIG_CLASS);
}

static void free_first_blocks(void *guest)
{
    ep_free(((struct guest *)guest)->block);
    ep_free(((struct guest *)guest)->big_block);
}

/* Until the thread has a pool of its own. */
static void get_more_blocks(void *count)
{
    unsigned *more = count;
    for (; ep__tls.cache->bins[SHARED_CLASS].current == NULL; ++*more)
        (void)get_block(SHARED_CLASS);
    assert_in_range(*more * size_of_class(SHARED_CLASS), 1024, 4096);
}

static void many_threads_share_the_pools_of_their_first_blocks(void)
{
    static struct guest guests[CROWD];
    unsigned sharing = 0, sharing_big = 0;
    for (unsigned i = 0; i < CROWD; i++) {
        puppet_begin(&guests[i].puppet);
        puppet_do(&guests[i].puppet, get_first_blocks, &guests[i]);
        sharing += i != 0 && pool_of(guests[i].block) == pool_of(guests[i - 1].block);
        sharing_big += i != 0 && pool_of(guests[i].big_block) == pool_of(guests[i - 1].big_block);
    }
    /* The 63 that came first have pools of their own, the 64th begins one that the others share. */
    assert_in_range(sharing, CROWD - 66, CROWD - 64);
    assert_int_equal(sharing_big, 0);
    unsigned more = 0;
    puppet_do(&guests[CROWD - 1].puppet, get_more_blocks, &more);
    for (unsigned i = 0; i < CROWD; i++) {
        puppet_do(&guests[i].puppet, free_first_blocks, &guests[i]);
        puppet_end(&guests[i].puppet);
    }
    assert_int_equal(check_account().blocks_in_use, more);
}

static void size_zero_is_a_block_of_its_own(void)
{
    void *p = ep__cache_malloc(0);
    void *q = ep__cache_malloc_small(0, 0);
    void *aligned = ep__cache_aligned(4096, 0);
    assert_non_null(p);
    assert_non_null(q);
    assert_ptr_not_equal(p, q);
    assert_non_null(aligned);
    assert_int_equal((uintptr_t)aligned % 4096, 0);
    assert_true(ep__cache_usable_size(p) >= 1);
}

static void units_of_16_bytes_are_sizes(void)
{
    for (size_t units = 1; units <= EP__SMALL_CLASSES; units++)
        assert_int_equal(ep__cache_usable_size(ep__cache_malloc_small(units * 16, units)),
                         units * 16);
}

static void every_class_has_every_alignment(void)
{
    for (unsigned class = 0; class < EP__CLASSES; class ++)
        for (size_t alignment = 1; alignment <= EP__ARENA_BYTES; alignment *= 4) {
            char *p = ep__cache_aligned(alignment, size_of_class(class));
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % alignment, 0);
            assert_true(ep__cache_usable_size(p) >= size_of_class(class));
            p[0] = p[size_of_class(class) - 1] = 1;
            unsigned first = ep__size_class_aligned(size_of_class(class), alignment);
            if (first < EP__CLASSES)
                assert_int_equal(ep__cache_usable_size(p), size_of_class(first));
            ep_free(p);
        }
    check_cache(ep__tls.cache);
}

/* Every block of a pool, not only its first, and every colour of pools. */
static void every_block_of_a_class_has_the_alignment_of_the_class(void)
{
    static void *blocks[3 * CAPACITY_MAX];
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        size_t bytes = size_of_class(class);
        unsigned count = get_pools(class, 3, blocks);
        for (unsigned i = 0; i < count; i++)
            assert_int_equal((uintptr_t)blocks[i] % (bytes & (~bytes + 1)), 0);
        free_all(blocks, count);
        ep_thread_idle();
    }
}

static void every_alignment_is_kept_above_the_classes(void)
{
    for (size_t alignment = 16; alignment <= 64 * MIB; alignment *= 2)
        for (size_t size = 1000; size <= 3 * MIB; size *= 5) {
            char *p = ep__cache_aligned(alignment, size);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % alignment, 0);
            assert_true(ep__cache_usable_size(p) >= size);
            p[0] = p[size - 1] = 1;
            ep_free(p);
        }
}

static void expect_enomem(const void *p)
{
    assert_null(p);
    assert_int_equal(errno, ENOMEM);
    errno = 0;
}

static void expect_refusals(size_t size)
{
    errno = 0;
    expect_enomem(ep__cache_malloc(size));
    expect_enomem(ep__cache_calloc(size));
    expect_enomem(ep__cache_aligned(64, size));
}

static void what_cannot_be_had_is_refused_with_enomem(void)
{
    static const size_t sizes[] = {(size_t)PTRDIFF_MAX + 1, PTRDIFF_MAX, SIZE_MAX, SIZE_MAX - 4096};
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        expect_refusals(sizes[i]);
    }
    expect_enomem(ep__cache_aligned((size_t)1 << 63, 1));
    assert_int_equal(ep__huge_in_use_blocks(), 0);
}

static void cleared_memory_is_zero_whatever_was_there(void)
{
    static const size_t sizes[] = {1,     16,    500,   513,    1000, 5000,
                                   20000, 32768, 40000, 300000, MIB,  3 * MIB};
    enum { SIZES = sizeof sizes / sizeof sizes[0], EACH = 30 };
    static void *blocks[SIZES][EACH];
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < SIZES; i++)
            for (unsigned j = 0; j < EACH; j++) {
                blocks[i][j] = ep__cache_calloc(sizes[i]);
                assert_non_null(blocks[i][j]);
                assert_true(is_all(blocks[i][j], sizes[i], 0));
                memset(blocks[i][j], 0xa5, ep__cache_usable_size(blocks[i][j]));
            }
        for (unsigned i = 0; i < SIZES; i++)
            free_all(blocks[i], EACH);
        if (round == 1)
            ep_thread_idle();
        if (round == 2)
            (void)ep_purge();
    }
}

static void calloc_does_not_clear_what_is_known_zero(void)
{
    size_t page = ep__vm_page_bytes();
    char *run = ep__cache_calloc(MIB);
    assert_int_equal(ep__vm_resident_bytes(run, MIB), 0);
    char *huge = ep__cache_calloc(8 * MIB);
    assert_int_equal(ep__vm_resident_bytes(huge, 8 * MIB), 0);
    /* A block of a pool has its link. */
    char *block = ep__cache_calloc(EP__CLASS_BYTES_MAX);
    assert_int_equal(ep__vm_resident_bytes(block, EP__CLASS_BYTES_MAX), page);
    assert_true(is_all(block, EP__CLASS_BYTES_MAX, 0));
}

static void purged_memory_is_known_zero_again(void)
{
    char *run = ep__cache_malloc(MIB);
    memset(run, 1, MIB);
    ep_free(run);
    assert_true(ep__cache_purge() >= MIB);
    char *again = ep__cache_calloc(MIB);
    assert_int_equal(ep__vm_resident_bytes(again, MIB), 0);
}

static void allocate_with_one_refusal(void *size)
{
    keep_everything();
    ep_free(ep_malloc(20 * MIB));
    assert_true(ep__huge_cached_bytes() >= 20 * MIB);
    (void)make_arena();
    vm_failing_plan(1, 1);
    errno = EDOM;
    char *p = ep__cache_malloc(*(size_t *)size);
    vm_failing_plan(0, 0);
    assert_non_null(p);
    assert_int_equal(errno, EDOM);
    assert_int_equal(ep__huge_cached_bytes(), 0);
}

/* What is cached is given up before an allocation fails. */
static void cached_memory_is_no_reason_to_fail(void)
{
    size_t sizes[] = {1, 512, 513, EP__CLASS_BYTES_MAX, 300000};
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        in_child(allocate_with_one_refusal, &sizes[i]);
}

static void without_memory_everything_fails_and_nothing_is_lost(void)
{
    static const size_t sizes[] = {1, 600, 30000, 100000, MIB, 5 * MIB};
    (void)make_arena();
    (void)ep__thread_cache();
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        vm_failing_plan(1, UINT64_MAX);
        expect_refusals(sizes[i]);
        vm_failing_plan(0, 0);
        check_cache(ep__tls.cache);
        assert_int_equal(check_arenas().used_slots, EP__ARENA_SLOTS);
    }
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        assert_non_null(ep__cache_malloc(sizes[i]));
}

static void what_is_not_ours_has_no_size(void)
{
    int local;
    char *p = ep__cache_malloc(100);
    assert_int_equal(ep__cache_usable_size(NULL), 0);
    assert_int_equal(ep__cache_usable_size(&local), 0);
    assert_int_equal(ep__cache_usable_size(p + 8), 0);
    assert_int_equal(ep__cache_usable_size(pool_of(p)->base + EP__SLOT_BYTES), 0);
    assert_false(ep__cache_owns(NULL));
    assert_false(ep__cache_owns(&local));
    assert_true(ep__cache_owns(p));
}

static void runs_and_huge_blocks_are_resized_where_they_stand(void)
{
    char *run = ep__cache_malloc(600000);
    assert_ptr_equal(ep__cache_realloc_inplace(run, 100000), run);
    assert_true(ep__cache_usable_size(run) < 200000);
    assert_ptr_equal(ep__cache_realloc_inplace(run, 500000), run);
    assert_true(ep__cache_usable_size(run) >= 500000);
    char *huge = ep__cache_malloc(16 * MIB);
    assert_ptr_equal(ep__cache_realloc_inplace(huge, 2 * MIB), huge);
    assert_true(ep__cache_usable_size(huge) < 4 * MIB);
    huge = ep__cache_realloc_inplace(huge, 32 * MIB);
    assert_non_null(huge);
    assert_true(ep__cache_usable_size(huge) >= 32 * MIB);
}

static void what_would_change_its_kind_is_to_be_copied(void)
{
    char *block = ep__cache_malloc(1000);
    char *run = ep__cache_malloc(100000);
    char *huge = ep__cache_malloc(2 * MIB);
    assert_null(ep__cache_realloc_inplace(block, 100));
    assert_null(ep__cache_realloc_inplace(block, 100000));
    assert_null(ep__cache_realloc_inplace(block, 2 * MIB));
    assert_null(ep__cache_realloc_inplace(run, 100));
    assert_null(ep__cache_realloc_inplace(run, 2 * MIB));
    assert_null(ep__cache_realloc_inplace(huge, 100));
    assert_null(ep__cache_realloc_inplace(huge, 100000));
    assert_true(ep__cache_usable_size(block) >= 1000);
    assert_true(ep__cache_usable_size(run) >= 100000);
    assert_true(ep__cache_usable_size(huge) >= 2 * MIB);
}

static void purging_gives_back_what_is_free_and_keeps_the_rest(void)
{
    static void *blocks[2000];
    keep_everything();
    for (unsigned i = 0; i < 2000; i++)
        blocks[i] = get_block(40 + i % 30);
    for (unsigned i = 0; i < 2000; i += 2)
        ep_free(blocks[i]);
    ep_thread_idle();
    size_t dirty = check_account().dirty_bytes;
    assert_true(dirty > 0);
    assert_true(ep__cache_purge() >= dirty);
    assert_int_equal(check_account().dirty_bytes, 0);
    assert_int_equal(check_account().blocks_in_use, 1000);
    for (unsigned i = 1; i < 2000; i += 2)
        assert_true(is_all(blocks[i], size_of_class(40 + i % 30), 0x5a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(every_size_is_served_by_its_layer),
        alone(many_threads_share_the_pools_of_their_first_blocks),
        alone(size_zero_is_a_block_of_its_own),
        alone(units_of_16_bytes_are_sizes),
        alone(every_class_has_every_alignment),
        alone(every_block_of_a_class_has_the_alignment_of_the_class),
        alone(every_alignment_is_kept_above_the_classes),
        alone(what_cannot_be_had_is_refused_with_enomem),
        alone(cleared_memory_is_zero_whatever_was_there),
        alone(calloc_does_not_clear_what_is_known_zero),
        alone(purged_memory_is_known_zero_again),
        alone(cached_memory_is_no_reason_to_fail),
        alone(without_memory_everything_fails_and_nothing_is_lost),
        alone(what_is_not_ours_has_no_size),
        alone(runs_and_huge_blocks_are_resized_where_they_stand),
        alone(what_would_change_its_kind_is_to_be_copied),
        alone(purging_gives_back_what_is_free_and_keeps_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
