/* Huge blocks: lib/arena/huge.c, with a kernel that refuses.
 * Length: above 400 lines, because a block has many ways, and each can be refused. */
#include "unit/alone.h"

#include <errno.h>
#include <sys/mman.h>

#include "arena/huge.h"
#include "arena/huge_cache.h"
#include "fake/vm_failing.h"
#include "sys/bits.h"
#include "sys/options.h"
#include "sys/vm.h"
#include "unit/memory.h"

#define MIB ((size_t)1 << 20)

static struct epoch_record own;
static struct epoch_record walker;

static void keep(bool is_wanted)
{
    assert_true(ep__option_set(EP__OPTION_RETAIN, is_wanted ? PTRDIFF_MAX : 0));
    assert_true(ep__option_set(EP__OPTION_RETAIN_PERCENT, 0));
}

/* Polls are what ends a grace period. */
static void poll_often(void)
{
    for (unsigned i = 0; i < 8; i++)
        ep__epoch_poll(&own);
}

static char *make_block(size_t bytes)
{
    bool is_zero;
    char *p = ep__huge_alloc(bytes, 1, &is_zero);
    assert_non_null(p);
    return p;
}

static void check_counts(size_t blocks, size_t bytes)
{
    assert_int_equal(ep__huge_in_use_blocks(), blocks);
    assert_int_equal(ep__huge_in_use_bytes(), bytes);
}

static void a_block_is_whole_pages_of_zeros(void)
{
    bool is_zero = false;
    size_t page = ep__vm_page_bytes();
    char *p = ep__huge_alloc(3 * MIB + 1, 1, &is_zero);
    assert_non_null(p);
    assert_true(is_zero);
    assert_int_equal((uintptr_t)p % page, 0);
    assert_int_equal(ep__huge_bytes(p), 3 * MIB + page);
    assert_true(is_all(p, 3 * MIB + page, 0));
    memset(p, 1, 3 * MIB + page);
    check_counts(1, 3 * MIB + page);
}

static void a_small_block_takes_a_mebibyte(void)
{
    char *p = make_block(100);
    assert_int_equal(ep__huge_bytes(p), EP__HUGE_BYTES_MIN);
    memset(p, 1, EP__HUGE_BYTES_MIN);
    char *q = make_block(0);
    assert_int_equal(ep__huge_bytes(q), EP__HUGE_BYTES_MIN);
}

static void only_the_start_of_a_block_is_known(void)
{
    char *p = make_block(8 * MIB);
    assert_int_equal(ep__huge_bytes(p), 8 * MIB);
    assert_int_equal(ep__huge_bytes(p + 16), 0);
    assert_int_equal(ep__huge_bytes(p + MIB), 0);
    assert_int_equal(ep__huge_bytes(p - 1), 0);
    assert_int_equal(ep__huge_bytes(NULL), 0);
    assert_int_equal(ep__huge_bytes(&own), 0);
    assert_int_equal(ep__huge_bytes((void *)UINTPTR_MAX), 0);
    assert_int_equal(ep__huge_bytes((void *)((uintptr_t)1 << 48)), 0);
}

static void every_alignment_is_kept(void)
{
    for (size_t alignment = 1; alignment <= (size_t)1 << 28; alignment *= 2) {
        bool is_zero = false;
        char *p = ep__huge_alloc(2 * MIB, alignment, &is_zero);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % alignment, 0);
        assert_int_equal(ep__huge_bytes(p), 2 * MIB);
        assert_true(is_zero || alignment <= ep__vm_page_bytes());
        p[0] = p[2 * MIB - 1] = 1;
        assert_true(ep__huge_free(p, NULL));
    }
    check_counts(0, 0);
}

static void an_aligned_block_leaves_nothing_mapped_around_it(void)
{
    bool is_zero;
    size_t mapped = mapped_bytes();
    char *p = ep__huge_alloc(2 * MIB, (size_t)1 << 28, &is_zero);
    assert_non_null(p);
    assert_in_range(mapped_bytes() - mapped, 2 * MIB, 64 * MIB);
}

static void sizes_beyond_the_address_space_are_refused(void)
{
    bool is_zero;
    size_t sizes[] = {PTRDIFF_MAX, PTRDIFF_MAX - ep__vm_page_bytes(), SIZE_MAX, SIZE_MAX / 4};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (unsigned shift = 0; shift < 64; shift += 21)
            assert_null(ep__huge_alloc(sizes[i], (size_t)1 << shift, &is_zero));
    assert_null(ep__huge_alloc(2 * MIB, (size_t)1 << 63, &is_zero));
    assert_null(ep__huge_alloc(2 * MIB, (size_t)1 << 62, &is_zero));
    check_counts(0, 0);
}

static void a_block_is_freed_once(void)
{
    keep(false);
    char *p = make_block(4 * MIB);
    assert_false(ep__huge_free(p + 4096, NULL));
    assert_false(ep__huge_free(NULL, NULL));
    assert_false(ep__huge_free(&own, NULL));
    assert_true(ep__huge_free(p, NULL));
    assert_false(ep__huge_free(p, NULL));
    assert_int_equal(ep__huge_bytes(p), 0);
    check_counts(0, 0);
}

static void a_freed_mapping_is_used_again(void)
{
    bool is_zero = true;
    keep(true);
    char *p = make_block(6 * MIB);
    memset(p, 1, 6 * MIB);
    assert_true(ep__huge_free(p, NULL));
    assert_int_equal(ep__huge_cached_bytes(), 6 * MIB);
    assert_int_equal(ep__huge_bytes(p), 0);
    char *q = ep__huge_alloc(6 * MIB, 16, &is_zero);
    assert_ptr_equal(p, q);
    assert_false(is_zero);
    assert_int_equal(ep__huge_cached_bytes(), 0);
    check_counts(1, 6 * MIB);
}

static void a_cached_mapping_is_made_longer(void)
{
    bool is_zero = true;
    keep(true);
    char *p = make_block(6 * MIB);
    p[0] = 1;
    assert_true(ep__huge_free(p, NULL));
    char *q = ep__huge_alloc(9 * MIB, 16, &is_zero);
    assert_non_null(q);
    assert_true(ep__huge_bytes(q) >= 9 * MIB);
    memset(q, 1, 9 * MIB);
    check_counts(1, ep__huge_bytes(q));
}

static void above_four_times_the_bound_a_mapping_goes_back(void)
{
    assert_true(ep__option_set(EP__OPTION_RETAIN, 2 * MIB));
    assert_true(ep__option_set(EP__OPTION_RETAIN_PERCENT, 0));
    char *p = make_block(6 * MIB);
    char *q = make_block(6 * MIB);
    q[5 * MIB] = 1;
    ep__epoch_adopt_record(&own, 1);
    assert_true(ep__huge_free(p, &own));
    assert_true(ep__huge_free(q, &own));
    assert_int_equal(ep__huge_cached_bytes(), 6 * MIB);
    poll_often();
    assert_int_equal(page_rights(q), UNMAPPED);
}

static void without_a_cache_nothing_is_kept(void)
{
    keep(true);
    assert_true(ep__option_set(EP__OPTION_HUGE_CACHE, 0));
    char *p = make_block(6 * MIB);
    assert_true(ep__huge_free(p, NULL));
    assert_int_equal(ep__huge_cached_bytes(), 0);
}

static void pages_go_back_at_once_and_addresses_after_a_grace_period(void)
{
    keep(false);
    ep__epoch_adopt_record(&own, 1);
    ep__epoch_adopt_record(&walker, 1);
    char *p = make_block(4 * MIB);
    memset(p, 1, 4 * MIB);
    ep__epoch_enter(&walker);
    assert_true(ep__huge_free(p, &own));
    poll_often();
    assert_int_equal(page_rights(p + MIB), CAN_READ + CAN_WRITE);
    assert_true(ep__vm_resident_bytes(p, 4 * MIB) <= ep__vm_page_bytes());
    ep__epoch_exit(&walker);
    poll_often();
    assert_int_equal(page_rights(p + MIB), UNMAPPED);
}

static void what_is_freed_without_a_record_goes_back_at_anothers_poll(void)
{
    keep(false);
    ep__epoch_adopt_record(&own, 1);
    char *p = make_block(4 * MIB);
    assert_true(ep__huge_free(p, NULL));
    poll_often();
    assert_int_equal(page_rights(p), UNMAPPED);
}

static void a_range_that_the_kernel_does_not_take_is_not_lost(void)
{
    keep(false);
    ep__epoch_adopt_record(&own, 1);
    ep__epoch_adopt_record(&walker, 1);
    char *p = make_block(4 * MIB);
    ep__epoch_enter(&walker);
    assert_true(ep__huge_free(p, &own));
    ep__epoch_exit(&walker);
    assert_int_equal(ep__huge_cached_bytes(), 0);
    vm_failing_plan(1, UINT32_MAX);
    poll_often();
    vm_failing_plan(0, 0);
    assert_int_equal(ep__huge_cached_bytes(), 4 * MIB);
    assert_int_equal(ep__huge_trim(0), 4 * MIB);
    poll_often();
    assert_int_equal(page_rights(p), UNMAPPED);
}

/* Fills the slots of the cache with mappings that nobody takes or looks into. */
static void fill_cache(void)
{
    struct mapping nowhere = {(char *)((uintptr_t)1 << 40), MIB};
    while (ep__huge_cache_put(&nowhere))
        nowhere.start += 2 * MIB;
}

static void a_range_that_the_kernel_does_not_take_waits_for_a_full_cache(void)
{
    keep(false);
    ep__epoch_adopt_record(&own, 1);
    char *p = make_block(4 * MIB);
    fill_cache();
    size_t cached = ep__huge_cached_bytes();
    assert_true(ep__huge_free(p, NULL));
    vm_failing_plan(1, UINT32_MAX);
    for (unsigned i = 0; i < 8; i++)
        ep__epoch_poll(&own);
    assert_true(vm_failing_calls() >= 2);
    vm_failing_plan(0, 0);
    assert_int_equal(ep__huge_cached_bytes(), cached);
    assert_int_not_equal(page_rights(p), UNMAPPED);
    for (unsigned i = 0; i < 8; i++)
        ep__epoch_poll(&own);
    assert_int_equal(page_rights(p), UNMAPPED);
}

static void purging_gives_cached_mappings_back(void)
{
    keep(true);
    ep__epoch_adopt_record(&own, 1);
    char *p = make_block(4 * MIB);
    char *q = make_block(7 * MIB);
    ep__huge_free(p, NULL);
    ep__huge_free(q, NULL);
    assert_int_equal(ep__huge_trim(0), 11 * MIB);
    assert_int_equal(ep__huge_cached_bytes(), 0);
    assert_in_range(ep__vm_resident_bytes(p, 4 * MIB), 0, ep__vm_page_bytes());
    poll_often();
    assert_int_equal(page_rights(p), UNMAPPED);
    assert_int_equal(page_rights(q), UNMAPPED);
    assert_int_equal(ep__huge_trim(0), 0);
}

static void blocks_side_by_side_are_told_apart(void)
{
    enum { BLOCKS = 200 };
    static char *blocks[BLOCKS];
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = make_block(MIB + (i % 3) * 4096);
    check_counts(BLOCKS, BLOCKS * MIB + (67 + 2 * 66) * (size_t)4096);
    for (unsigned i = 0; i < BLOCKS; i += 2)
        assert_true(ep__huge_free(blocks[i], NULL));
    for (unsigned i = 0; i < BLOCKS; i++)
        assert_int_equal(ep__huge_bytes(blocks[i]), i % 2 ? MIB + (i % 3) * 4096 : 0);
}

/* A mark in each page. */
static void mark(char *p, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 4096)
        memcpy(p + i, &i, sizeof i);
}

static bool is_marked(const char *p, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 4096)
        if (memcmp(p + i, &i, sizeof i) != 0)
            return false;
    return true;
}

static void check_resized(char *p, char *old, size_t bytes, size_t kept)
{
    assert_non_null(p);
    assert_true(ep__huge_bytes(p) >= bytes);
    assert_true(is_marked(p, kept));
    if (p != old)
        assert_int_equal(ep__huge_bytes(old), 0);
    check_counts(1, ep__huge_bytes(p));
    mark(p, bytes);
}

static void contents_survive_growing_and_shrinking(void)
{
    static const size_t sizes[] = {2, 3, 40, 39, 5, 64, 1, 2, 17};
    char *p = make_block(2 * MIB);
    mark(p, 2 * MIB);
    for (unsigned i = 1; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t least = sizes[i] < sizes[i - 1] ? sizes[i] : sizes[i - 1];
        char *old = p;
        p = ep__huge_resize(p, sizes[i] * MIB);
        check_resized(p, old, sizes[i] * MIB, least * MIB);
    }
}

/* Something that stands right behind a block, so that it cannot grow in place. */
static void block_growth(char *p, size_t bytes)
{
    void *wall =
        mmap(p + bytes, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    assert_true(wall != MAP_FAILED || errno == EEXIST);
}

static void a_block_that_cannot_grow_moves_with_its_pages(void)
{
    char *p = make_block(4 * MIB);
    mark(p, 4 * MIB);
    block_growth(p, 4 * MIB);
    char *q = ep__huge_resize(p, 16 * MIB);
    assert_ptr_not_equal(p, q);
    check_resized(q, p, 16 * MIB, 4 * MIB);
    assert_int_equal(page_rights(p), UNMAPPED);
    assert_true(ep__huge_free(q, NULL));
    check_counts(0, 0);
}

static void a_shrunk_block_gives_its_end_back(void)
{
    char *p = make_block(16 * MIB);
    mark(p, 16 * MIB);
    assert_ptr_equal(ep__huge_resize(p, 4 * MIB), p);
    assert_int_equal(ep__huge_bytes(p), 4 * MIB);
    assert_int_equal(page_rights(p + 4 * MIB), UNMAPPED);
    check_resized(p, p, 4 * MIB, 4 * MIB);
}

static void a_block_that_is_hardly_smaller_stays_as_it_is(void)
{
    char *p = make_block(16 * MIB);
    assert_ptr_equal(ep__huge_resize(p, 15 * MIB), p);
    assert_int_equal(ep__huge_bytes(p), 16 * MIB);
}

static void only_blocks_are_resized(void)
{
    char *p = make_block(4 * MIB);
    assert_null(ep__huge_resize(p + MIB, 8 * MIB));
    assert_null(ep__huge_resize(&own, 8 * MIB));
    assert_null(ep__huge_resize(NULL, 8 * MIB));
    assert_null(ep__huge_resize(p, PTRDIFF_MAX));
    assert_null(ep__huge_resize(p, SIZE_MAX));
    assert_int_equal(ep__huge_bytes(p), 4 * MIB);
    check_counts(1, 4 * MIB);
}

/* Calls of the kernel that are refused: the n-th, alone or with all that follow. */
struct refusal {
    uint64_t first;
    uint64_t count;
};

static void begin_refusal(const struct refusal *refusal)
{
    vm_failing_plan(refusal->first, refusal->count);
}

/* Whether anything was refused since. */
static bool end_refusal(const struct refusal *refusal)
{
    bool is_refused = vm_failing_calls() >= refusal->first;
    vm_failing_plan(0, 0);
    return is_refused;
}

/* Lets `act` meet a refusal of each of its calls; it says whether it met one, and has checked the rest. */
static void refuse_each(bool (*act)(const struct refusal *))
{
    static const uint64_t counts[] = {1, UINT64_MAX};
    for (unsigned i = 0; i < 2; i++) {
        struct refusal refusal = {1, counts[i]};
        while (act(&refusal))
            refusal.first++;
        assert_in_range(refusal.first, 2, 20);
    }
}

static bool allocate_aligned(const struct refusal *refusal)
{
    bool is_zero;
    begin_refusal(refusal);
    char *p = ep__huge_alloc(64 * MIB, (size_t)1 << 26, &is_zero);
    bool is_refused = end_refusal(refusal);
    if (p != NULL) {
        assert_int_equal(ep__huge_bytes(p), 64 * MIB);
        check_counts(1, 64 * MIB);
        mark(p, MIB);
        assert_true(ep__huge_free(p, NULL));
    }
    check_counts(0, 0);
    return is_refused;
}

static void a_refused_allocation_changes_nothing(void)
{
    keep(false);
    refuse_each(allocate_aligned);
}

/* Finds a cached mapping that is too short and cannot grow where it is. */
static bool lengthen_cached(const struct refusal *refusal)
{
    bool is_zero;
    char *shorter = make_block(6 * MIB);
    block_growth(shorter, 6 * MIB);
    assert_true(ep__huge_free(shorter, NULL));
    begin_refusal(refusal);
    char *p = ep__huge_alloc(9 * MIB, 1, &is_zero);
    bool is_refused = end_refusal(refusal);
    if (p != NULL) {
        assert_in_range(ep__huge_bytes(p), 9 * MIB, 64 * MIB);
        check_counts(1, ep__huge_bytes(p));
        memset(p, 1, 9 * MIB);
        assert_true(ep__huge_free(p, NULL));
    }
    (void)ep__huge_trim(0);
    check_counts(0, 0);
    assert_int_equal(ep__huge_cached_bytes(), 0);
    return is_refused;
}

static void a_cached_mapping_that_cannot_be_made_longer_is_no_obstacle(void)
{
    keep(true);
    refuse_each(lengthen_cached);
}

/* Grows a block that cannot grow in place, or leaves it as it was. */
static bool grow(const struct refusal *refusal)
{
    char *p = make_block(4 * MIB);
    mark(p, 4 * MIB);
    block_growth(p, 4 * MIB);
    begin_refusal(refusal);
    char *q = ep__huge_resize(p, 9 * MIB);
    bool is_refused = end_refusal(refusal);
    if (q != NULL)
        check_resized(q, p, 9 * MIB, 4 * MIB);
    else
        check_resized(p, p, 4 * MIB, 4 * MIB);
    assert_true(ep__huge_free(q != NULL ? q : p, NULL));
    return is_refused;
}

static void a_refused_growth_leaves_the_block_as_it_was(void)
{
    keep(false);
    refuse_each(grow);
}

static void a_refused_shrinking_leaves_the_block_as_it_was(void)
{
    char *p = make_block(16 * MIB);
    mark(p, 16 * MIB);
    vm_failing_plan(1, UINT32_MAX);
    assert_ptr_equal(ep__huge_resize(p, 2 * MIB), p);
    vm_failing_plan(0, 0);
    assert_true(is_marked(p, ep__huge_bytes(p)));
    assert_int_equal(ep__huge_bytes(p), 16 * MIB);
    check_counts(1, 16 * MIB);
}

static void what_the_kernel_does_not_take_back_is_not_in_the_way(void)
{
    keep(false);
    ep__epoch_adopt_record(&own, 1);
    char *p = make_block(4 * MIB);
    vm_failing_plan(1, UINT32_MAX);
    assert_true(ep__huge_free(p, &own));
    poll_often();
    vm_failing_plan(0, 0);
    check_counts(0, 0);
    assert_int_equal(ep__huge_bytes(p), 0);
    char *q = make_block(4 * MIB);
    mark(q, 4 * MIB);
    assert_true(ep__huge_free(q, &own));
}

static void a_mapping_whose_pages_the_kernel_keeps_is_not_counted_as_given_back(void)
{
    keep(true);
    char *p = make_block(4 * MIB);
    memset(p, 1, 4 * MIB);
    assert_true(ep__huge_free(p, NULL));
    vm_failing_plan(1, 1);
    assert_int_equal(ep__huge_trim(0), 0);
    vm_failing_plan(0, 0);
    assert_string_equal(vm_failing_last(), "purge");
    assert_int_equal(ep__huge_cached_bytes(), 0);
}

static unsigned visits;
static char *last_visited;

static int visit(void *p, size_t bytes, void *limit)
{
    assert_true((char *)p > last_visited);
    assert_int_equal(ep__huge_bytes(p), bytes);
    last_visited = p;
    return ++visits == *(unsigned *)limit ? 9 : 0;
}

static void each_block_is_visited_in_the_order_of_addresses(void)
{
    char *made[20];
    unsigned limit = 100;
    assert_int_equal(ep__huge_each(visit, &limit), 0);
    assert_int_equal(visits, 0);
    for (unsigned i = 0; i < 20; i++)
        made[i] = make_block((i + 1) * MIB);
    for (unsigned i = 0; i < 20; i += 4)
        assert_true(ep__huge_free(made[i], NULL));
    assert_int_equal(ep__huge_each(visit, &limit), 0);
    assert_int_equal(visits, 15);
    for (limit = 1; limit <= 15; limit++) {
        visits = 0;
        last_visited = NULL;
        assert_int_equal(ep__huge_each(visit, &limit), 9);
        assert_int_equal(visits, limit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_block_is_whole_pages_of_zeros),
        alone(a_small_block_takes_a_mebibyte),
        alone(only_the_start_of_a_block_is_known),
        alone(every_alignment_is_kept),
        alone(an_aligned_block_leaves_nothing_mapped_around_it),
        alone(sizes_beyond_the_address_space_are_refused),
        alone(a_block_is_freed_once),
        alone(a_freed_mapping_is_used_again),
        alone(a_cached_mapping_is_made_longer),
        alone(above_four_times_the_bound_a_mapping_goes_back),
        alone(without_a_cache_nothing_is_kept),
        alone(pages_go_back_at_once_and_addresses_after_a_grace_period),
        alone(what_is_freed_without_a_record_goes_back_at_anothers_poll),
        alone(a_range_that_the_kernel_does_not_take_is_not_lost),
        alone(a_range_that_the_kernel_does_not_take_waits_for_a_full_cache),
        alone(purging_gives_cached_mappings_back),
        alone(blocks_side_by_side_are_told_apart),
        alone(contents_survive_growing_and_shrinking),
        alone(a_block_that_cannot_grow_moves_with_its_pages),
        alone(a_shrunk_block_gives_its_end_back),
        alone(a_block_that_is_hardly_smaller_stays_as_it_is),
        alone(only_blocks_are_resized),
        alone(a_refused_allocation_changes_nothing),
        alone(a_cached_mapping_that_cannot_be_made_longer_is_no_obstacle),
        alone(a_refused_growth_leaves_the_block_as_it_was),
        alone(a_refused_shrinking_leaves_the_block_as_it_was),
        alone(what_the_kernel_does_not_take_back_is_not_in_the_way),
        alone(a_mapping_whose_pages_the_kernel_keeps_is_not_counted_as_given_back),
        alone(each_block_is_visited_in_the_order_of_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
