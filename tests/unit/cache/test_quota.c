/* What a thread may hold: lib/cache/quota.c. */
#include "unit/alone.h"

#include "cache/quota.h"
#include "observe/account.h"
#include "unit/caches.h"
#include "unit/thread.h"

enum { CLASS = 39, SMALL_CLASS = 3, BLOCKS = 40000, POOLS = 12 };

#define MIB ((size_t)1 << 20)

static void *blocks[BLOCKS];

static void set_quota(size_t bytes)
{
    assert_true(ep__option_set(EP__OPTION_THREAD_BYTES, bytes));
    assert_true(ep__option_set(EP__OPTION_THREAD_PERCENT, 0));
}

/* What is held is counted when something happens to a pool, so a pool may be ahead of its count. */
static void check_quota(size_t bytes)
{
    struct cache *cache = ep__thread_cache();
    size_t held = check_cache(cache);
    assert_true(held <= bytes + 4 * EP__SLOT_BYTES);
}

static void a_thread_holds_no_more_than_the_option_says(void)
{
    static const size_t quotas[] = {0, 100000, 1 << 20, 5 << 20};
    for (unsigned round = 0; round < 4; round++) {
        set_quota(quotas[round]);
        for (unsigned i = 0; i < BLOCKS; i++) {
            blocks[i] = get_block(i % 7 * 5);
            if (i % 1000 == 0)
                check_quota(quotas[round]);
        }
        for (unsigned i = 0; i < BLOCKS; i++) {
            unsigned scattered = (unsigned)((uint64_t)i * 7919 % BLOCKS);
            ep_free(blocks[scattered]);
            if (i % 1000 == 0)
                check_quota(quotas[round]);
        }
        check_quota(quotas[round]);
        assert_int_equal(check_account().blocks_in_use, 0);
    }
}

/* The most that the thread was charged while it freed all of a big heap block by block, scattered. */
static size_t most_held_in_a_scattered_free(void)
{
    size_t most = 0;
    keep_full(CLASS);
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = get_block(CLASS);
    for (unsigned i = 0; i < BLOCKS; i++) {
        ep_free(blocks[(uint64_t)i * 7919 % BLOCKS]);
        size_t held = ep__tls.cache->held_bytes;
        most = held > most ? held : most;
    }
    check_cache(ep__tls.cache);
    return most;
}

static void begin_to_allocate(void *unused)
{
    (void)unused;
    ep_free(ep_malloc(1));
}

static void a_thread_may_hold_a_part_of_its_share_of_the_heap(void)
{
    size_t heap = (size_t)BLOCKS * ep__size_classes[CLASS].bytes;
    set_quota(MIB);
    assert_true(ep__option_set(EP__OPTION_THREAD_PERCENT, 50));
    size_t alone = most_held_in_a_scattered_free();
    assert_in_range(alone, heap / 4, heap / 2 + 4 * EP__SLOT_BYTES);
    struct puppet other;
    puppet_begin(&other);
    puppet_do(&other, begin_to_allocate, NULL);
    size_t beside_another = most_held_in_a_scattered_free();
    assert_in_range(beside_another, heap / 8, heap / 4 + 4 * EP__SLOT_BYTES);
    puppet_end(&other);
    assert_true(ep__option_set(EP__OPTION_THREAD_PERCENT, 0));
    assert_in_range(most_held_in_a_scattered_free(), MIB / 2, MIB);
}

/* What a sleeping thread holds cannot go back; what it has given up can. */
static void where_upkeep_is_done_a_thread_holds_a_sixteenth_of_that(void)
{
    size_t heap = (size_t)BLOCKS * ep__size_classes[CLASS].bytes;
    set_quota(MIB);
    assert_true(ep__option_set(EP__OPTION_THREAD_PERCENT, 50));
    assert_true(ep__quota_bound_bytes() == MIB);
    ep__quota_note_upkeep();
    size_t most = most_held_in_a_scattered_free();
    assert_in_range(most, MIB / 2, heap / 32 + 4 * EP__SLOT_BYTES);
}

/* What a sleeping thread keeps from the others at most. */
static void what_a_thread_holds_is_shown_with_its_bound(void)
{
    struct ep_thread shown = {0};
    size_t slots = 0;
    set_quota(MIB);
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = get_block(i % EP__CLASSES);
    for (unsigned i = 0; i < BLOCKS; i++)
        if (i % 7 != 0)
            ep_free(blocks[i]);
    uint32_t id = 0;
    assert_true(ep__account_next_thread(&id, &shown));
    for (unsigned class = 0; class < EP__CLASSES; class ++)
        if (ep__tls.cache->bins[class].current != NULL)
            slots += ep__size_classes[class].slots;
    assert_int_equal(shown.current_bytes, slots << EP__SLOT_LOG2);
    assert_int_equal(shown.bound_bytes, MIB + ep__option_get(EP__OPTION_BATCH_BYTES));
    assert_in_range(shown.held_bytes + shown.withheld_bytes, 1, shown.bound_bytes);
    ep_thread_idle();
    id = 0;
    assert_true(ep__account_next_thread(&id, &shown));
    assert_int_equal(shown.current_bytes + shown.held_bytes + shown.withheld_bytes, 0);
}

static void full_pools_are_held_within_the_quota_and_let_go_beyond_it(void)
{
    keep_full(CLASS);
    unsigned count = get_pools(CLASS, POOLS, blocks);
    struct bin *bin = &ep__tls.cache->bins[CLASS];
    assert_int_equal(bin->held.count, POOLS - 1);
    set_quota(0);
    ep__quota_enforce(ep__tls.cache);
    assert_int_equal(bin->held.count + bin->usable.count, 0);
    assert_int_equal(ep__tls.cache->held_bytes, 0);
    unsigned full = 0;
    for (unsigned i = 0; i < count; i += ep__size_classes[CLASS].capacity)
        full += state_of(pool_of(blocks[i])) == EP__FULL;
    assert_in_range(full, POOLS - 1, POOLS);
    check_cache(ep__tls.cache);
}

static void free_into_full_pools(void *capacity)
{
    for (unsigned i = 0; i < POOLS; i++) {
        ep_free(blocks[i * *(uint32_t *)capacity]);
        struct bin *bin = &ep__tls.cache->bins[CLASS];
        assert_true(bin->held.count + bin->usable.count <= 2);
        check_cache(ep__tls.cache);
    }
}

static void of_a_class_that_it_does_not_allocate_from_a_thread_holds_at_most_two(void)
{
    uint32_t capacity = ep__size_classes[CLASS].capacity;
    (void)get_pools(CLASS, POOLS, blocks);
    ep_thread_idle();
    struct puppet freer;
    puppet_begin(&freer);
    puppet_do(&freer, free_into_full_pools, &capacity);
    unsigned owned = 0;
    for (unsigned i = 0; i < POOLS; i++) {
        struct pool *pool = pool_of(blocks[i * capacity + 1]);
        owned += state_of(pool) == EP__OWNED;
        assert_int_not_equal(state_of(pool), EP__FULL);
    }
    assert_in_range(owned, 1, 2);
    puppet_end(&freer);
}

static void a_thread_over_its_quota_adopts_all_the_same(void)
{
    uint32_t capacity = ep__size_classes[CLASS].capacity;
    (void)get_pools(CLASS, POOLS, blocks);
    set_quota(0);
    ep_thread_idle();
    (void)get_block(CLASS);
    for (unsigned i = 0; i + 1 < POOLS; i++) {
        ep_free(blocks[i * capacity]);
        struct pool *pool = pool_of(blocks[i * capacity + 1]);
        assert_int_not_equal(state_of(pool), EP__FULL);
        check_quota(0);
    }
}

static void what_is_given_up_can_be_claimed(void)
{
    struct block *chain = NULL;
    keep_full(CLASS);
    unsigned count = get_pools(CLASS, 1, blocks);
    struct pool *pool = pool_of(blocks[0]);
    blocks[count] = get_block(CLASS);
    free_all(blocks, count / 2);
    struct cache *cache = ep__tls.cache;
    assert_int_equal(pool->place, EP__IN_USABLE);
    ep__quota_give_up(cache, pool);
    assert_int_equal(state_of(pool), EP__PARTIAL);
    assert_int_equal(count_of(pool), count / 2);
    check_cache(cache);
    assert_ptr_equal(ep__partial_claim(CLASS, false, &chain), pool);
}

static void free_the_rest(void *count)
{
    free_all(blocks + 1, *(unsigned *)count - 1);
}

/* Others have freed what the owner does not know of. */
static void a_pool_whose_blocks_are_all_back_goes_to_its_arena_when_it_is_given_up(void)
{
    keep_full(CLASS);
    unsigned count = get_pools(CLASS, 1, blocks);
    struct pool *pool = pool_of(blocks[0]);
    struct arena *arena = pool->arena;
    unsigned slot = pool->slot;
    keep_everything();
    blocks[count] = get_block(CLASS);
    on_thread(free_the_rest, &count);
    ep_free(blocks[0]);
    if (state_of(pool) == EP__OWNED)
        ep__quota_give_up(ep__tls.cache, pool);
    assert_true(is_back(pool, arena, slot, ep__size_classes[CLASS].slots));
    check_cache(ep__tls.cache);
}

static struct pool *make_own(unsigned class)
{
    struct block *all[CAPACITY_MAX];
    struct pool *pool = make_pool(class);
    (void)carve_all(pool, all);
    ep__pool_map(pool, ep__thread_cache()->tag);
    list_blocks(pool, all, 3);
    pool->listed = 3;
    return pool;
}

static void lists_keep_their_order_whatever_leaves_them(void)
{
    struct pool *pools[4];
    struct cache *cache = ep__thread_cache();
    struct pool_list *held = &cache->bins[CLASS].held;
    for (unsigned i = 0; i < 4; i++) {
        pools[i] = make_own(CLASS);
        ep__quota_enlist(cache, pools[i], EP__IN_HELD);
    }
    check_cache(cache);
    ep__quota_delist(cache, pools[1]);
    assert_int_equal(pools[1]->place, EP__IN_NONE);
    assert_int_equal(pools[1]->listed, 3);
    check_cache(cache);
    ep__quota_rotate(cache, pools[0]);
    check_cache(cache);
    assert_ptr_equal(held->first, pools[2]);
    assert_ptr_equal(held->last, pools[0]);
    ep__quota_delist(cache, pools[0]);
    ep__quota_delist(cache, pools[2]);
    ep__quota_delist(cache, pools[3]);
    check_cache(cache);
    assert_null(held->first);
    assert_int_equal(cache->held_bytes, 0);
}

static void a_class_is_given_up_whole(void)
{
    struct cache *cache = ep__thread_cache();
    ep__quota_enlist(cache, make_own(CLASS), EP__IN_HELD);
    ep__quota_enlist(cache, make_own(CLASS), EP__IN_USABLE);
    ep__quota_enlist(cache, make_own(CLASS + 1), EP__IN_USABLE);
    ep__quota_release(cache, CLASS);
    assert_int_equal(cache->bins[CLASS].held.count + cache->bins[CLASS].usable.count, 0);
    assert_int_equal(cache->bins[CLASS + 1].usable.count, 1);
    check_cache(cache);
}

static void a_recount_counts_what_the_owner_freed_and_what_was_added(void)
{
    struct cache *cache = ep__thread_cache();
    struct pool *pool = make_own(CLASS);
    struct block *added[] = {
        (struct block *)(void *)(pool->base + 41 * size_of_class(CLASS)),
        (struct block *)(void *)(pool->base + 42 * size_of_class(CLASS)),
    };
    ep__quota_enlist(cache, pool, EP__IN_USABLE);
    /* The owner frees one; two come from others. */
    ep_free(pool->base + 40 * size_of_class(CLASS));
    assert_int_equal(ep__pool_listed(pool), 4);
    list_blocks(pool, added, 2);
    ep__quota_recount(cache, pool, 2);
    assert_int_equal(ep__pool_listed(pool), 6);
    assert_int_equal(pool->listed, 6);
    check_cache(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_thread_holds_no_more_than_the_option_says),
        alone(a_thread_may_hold_a_part_of_its_share_of_the_heap),
        alone(where_upkeep_is_done_a_thread_holds_a_sixteenth_of_that),
        alone(what_a_thread_holds_is_shown_with_its_bound),
        alone(full_pools_are_held_within_the_quota_and_let_go_beyond_it),
        alone(of_a_class_that_it_does_not_allocate_from_a_thread_holds_at_most_two),
        alone(a_thread_over_its_quota_adopts_all_the_same),
        alone(what_is_given_up_can_be_claimed),
        alone(a_pool_whose_blocks_are_all_back_goes_to_its_arena_when_it_is_given_up),
        alone(lists_keep_their_order_whatever_leaves_them),
        alone(a_class_is_given_up_whole),
        alone(a_recount_counts_what_the_owner_freed_and_what_was_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
