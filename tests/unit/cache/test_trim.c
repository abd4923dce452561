/* Trim: lib/cache/trim.c. */
#include "unit/alone.h"

#include "cache/trim.h"
#include "sys/vm.h"
#include "unit/caches.h"
#include "unit/memory.h"
#include "unit/thread.h"

enum { CLASS = 15, POOLS = 40, SURVIVORS = 20, BLOCKS_MAX = POOLS * CAPACITY_MAX };

static void *blocks[BLOCKS_MAX];
static unsigned count;

/* Fills pools of a class; then one block in `part` survives. */
static void make_sparse(unsigned part)
{
    keep_everything();
    count = get_pools(CLASS, POOLS, blocks);
    for (unsigned i = 0; i < count; i++) {
        if (i % part == 0)
            continue;
        ep_free(blocks[i]);
        blocks[i] = NULL;
    }
}

/* Pages in memory of the first window's arenas, and of them those that blocks of the program overlap. */
static size_t resident_pages(void)
{
    struct window *window = ep__window_at(0);
    size_t pages = 0;
    for (uint32_t id = 0; id < ep__arena_ids_begun(window); id++)
        pages += ep__vm_resident_bytes(ep__arena_base(ep__arena_at(window, id)), EP__ARENA_BYTES) /
                 ep__vm_page_bytes();
    return pages;
}

static size_t pinned_pages(void)
{
    uintptr_t last = 0;
    size_t pages = 0;
    for (unsigned i = 0; i < count; i++) {
        if (blocks[i] == NULL)
            continue;
        uintptr_t first = (uintptr_t)blocks[i] / ep__vm_page_bytes();
        uintptr_t end = ((uintptr_t)blocks[i] + size_of_class(CLASS) - 1) / ep__vm_page_bytes();
        pages += end - first + 1 - (first == last);
        last = end;
    }
    return pages;
}

static void check_blocks(void)
{
    for (unsigned i = 0; i < count; i++)
        if (blocks[i] != NULL)
            assert_true(is_all(blocks[i], size_of_class(CLASS), 0x5a));
}

/* What stays but for pinned pages: the current pool. */
static void a_trim_leaves_the_current_pool_and_pages_with_live_blocks(void)
{
    make_sparse(100);
    size_t before = resident_pages();
    size_t gone = ep_purge();
    assert_int_equal(before - resident_pages(), gone / ep__vm_page_bytes());
    assert_in_range(resident_pages(), pinned_pages(),
                    pinned_pages() + EP__SLOT_BYTES / ep__vm_page_bytes());
    check_blocks();
    check_cache(ep__tls.cache);
    assert_int_equal(ep_purge(), 0);
    struct ep_stats stats;
    assert_int_equal(ep_stats(&stats, sizeof stats), 0);
    assert_int_equal(stats.total_bytes, stats.arena_bytes);
    assert_true(stats.uncarved_bytes > 0 && stats.uncarved_bytes <= gone);
    assert_true(stats.resident_bytes - stats.metadata_bytes >=
                resident_pages() * ep__vm_page_bytes());
}

static void what_a_trim_took_is_allocated_again_before_new_pools(void)
{
    make_sparse(100);
    uint64_t used = ep__retire_used_bytes();
    (void)ep_purge();
    for (unsigned i = 0; i < count; i++)
        if (blocks[i] == NULL)
            blocks[i] = get_block(CLASS);
    check_blocks();
    check_cache(ep__tls.cache);
    assert_in_range(ep__retire_used_bytes(), used, used + 2 * EP__SLOT_BYTES);
    free_all(blocks, count);
    assert_true(ep_purge() > 0);
    assert_int_equal(ep__pool_hole_pages(), 0);
}

static void purge(void *unused)
{
    (void)unused;
    (void)ep_purge();
}

static void become_idle(void *unused)
{
    (void)unused;
    make_sparse(100);
    ep_thread_idle();
}

static void a_thread_that_idles_leaves_pages_with_live_blocks_only(void)
{
    struct puppet other;
    puppet_begin(&other);
    puppet_do(&other, become_idle, NULL);
    purge(NULL);
    assert_int_equal(resident_pages(), pinned_pages());
    check_blocks();
    puppet_end(&other);
}

static void sparse_elsewhere(void *unused)
{
    (void)unused;
    make_sparse(100);
}

/* The thread has ended, so its pools are PARTIAL; who trims has never owned one of them. */
static void pools_that_nobody_owns_are_trimmed(void)
{
    on_thread(sparse_elsewhere, NULL);
    size_t before = resident_pages();
    assert_true(before > 2 * pinned_pages());
    (void)ep_purge();
    assert_int_equal(resident_pages(), pinned_pages());
    check_blocks();
}

/* What others own is left to them. */
static void pools_of_others_stay(void)
{
    struct puppet other;
    assert_true(ep__option_set(EP__OPTION_THREAD_BYTES, PTRDIFF_MAX));
    puppet_begin(&other);
    puppet_do(&other, sparse_elsewhere, NULL);
    size_t before = resident_pages();
    assert_int_equal(ep_purge(), 0);
    assert_int_equal(resident_pages(), before);
    puppet_do(&other, purge, NULL);
    assert_true(resident_pages() < before);
    check_blocks();
    puppet_end(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_trim_leaves_the_current_pool_and_pages_with_live_blocks),
        alone(what_a_trim_took_is_allocated_again_before_new_pools),
        alone(a_thread_that_idles_leaves_pages_with_live_blocks_only),
        alone(pools_that_nobody_owns_are_trimmed),
        alone(pools_of_others_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
