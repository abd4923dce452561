/* Outbound batches: lib/cache/batch.c.  The owner is the test's thread, the freer another that waits for it. */
#include "unit/alone.h"

#include "cache/batch.h"
#include "unit/caches.h"
#include "unit/thread.h"

enum { CLASS = 3, BLOCKS = 4000, POOLS = 200 };

static void *blocks[BLOCKS];

/* What the other thread frees: blocks first .. first + count - 1. */
struct part {
    unsigned first;
    unsigned count;
};

static void free_part(void *argument)
{
    const struct part *part = argument;
    free_all(blocks + part->first, part->count);
    check_cache(ep__thread_cache());
}

static void free_by(struct puppet *freer, unsigned first, unsigned count)
{
    struct part part = {first, count};
    puppet_do(freer, free_part, &part);
}

static void idle(void *unused)
{
    (void)unused;
    ep_thread_idle();
    assert_true(owns_nothing(ep__tls.cache));
}

static void blocks_of_an_owned_pool_are_withheld_until_flushed(void)
{
    struct puppet freer;
    for (unsigned i = 0; i < 5; i++)
        blocks[i] = get_block(CLASS);
    struct pool *pool = pool_of(blocks[0]);
    puppet_begin(&freer);
    free_by(&freer, 0, 4);
    assert_int_equal(count_of(pool), 0);
    puppet_do(&freer, idle, NULL);
    assert_int_equal(state_of(pool), EP__OWNED);
    assert_int_equal(count_of(pool), 4);
    puppet_end(&freer);
}

static void an_ending_thread_sends_what_it_withholds(void)
{
    struct part part = {0, 4};
    for (unsigned i = 0; i < 5; i++)
        blocks[i] = get_block(CLASS);
    on_thread(free_part, &part);
    assert_int_equal(count_of(pool_of(blocks[4])), 4);
}

static void a_batch_is_sent_in_one_when_it_is_big(void)
{
    struct puppet freer;
    unsigned sent = 0;
    for (unsigned i = 0; i < 500; i++)
        blocks[i] = get_block(CLASS);
    struct pool *pool = pool_of(blocks[0]);
    puppet_begin(&freer);
    while (count_of(pool) == 0)
        free_by(&freer, sent++, 1);
    assert_int_equal(count_of(pool), sent);
    assert_in_range(sent, 2, 499);
    puppet_end(&freer);
}

static void a_thread_withholds_no_more_than_the_option_says(void)
{
    struct puppet freer;
    unsigned classes = 20;
    assert_true(ep__option_set(EP__OPTION_BATCH_BYTES, 2000));
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = get_block(i % classes);
    puppet_begin(&freer);
    /* Its control block is checked after each part. */
    for (unsigned i = 0; i < BLOCKS; i += 100)
        free_by(&freer, i, 100);
    puppet_end(&freer);
    assert_int_equal(check_account().blocks_in_use, 0);
}

static void with_nothing_to_withhold_every_block_is_sent_at_once(void)
{
    struct puppet freer;
    assert_true(ep__option_set(EP__OPTION_BATCH_BYTES, 0));
    for (unsigned i = 0; i < 10; i++)
        blocks[i] = get_block(CLASS);
    puppet_begin(&freer);
    for (unsigned i = 0; i < 9; i++) {
        free_by(&freer, i, 1);
        assert_int_equal(count_of(pool_of(blocks[9])), i + 1);
    }
    puppet_end(&freer);
}

static void big_blocks_are_not_withheld(void)
{
    struct puppet freer;
    blocks[0] = get_block(EP__CLASSES - 1);
    blocks[1] = get_block(EP__CLASSES - 1);
    puppet_begin(&freer);
    free_by(&freer, 0, 1);
    assert_int_equal(count_of(pool_of(blocks[1])), 1);
    puppet_end(&freer);
}

static void check_adopted(void *pool)
{
    struct cache *cache = ep__tls.cache;
    assert_int_equal(mapped_owner(pool), cache->tag);
    assert_int_equal(cache->withheld_bytes, 0);
    check_cache(cache);
}

static void the_first_block_into_a_full_pool_is_never_withheld(void)
{
    struct puppet freer;
    struct block *all[CAPACITY_MAX];
    struct pool *pool = make_full(CLASS, all);
    memcpy(blocks, all, 3 * sizeof blocks[0]);
    puppet_begin(&freer);
    free_by(&freer, 0, 1);
    assert_int_equal(state_of(pool), EP__OWNED);
    puppet_do(&freer, check_adopted, pool);
    /* From now on it is the thread's own: no block goes to the word. */
    free_by(&freer, 1, 2);
    assert_int_equal(count_of(pool), 0);
    puppet_end(&freer);
    assert_int_equal(count_of(pool), 3);
}

static void a_block_into_a_partial_pool_is_not_withheld(void)
{
    struct puppet freer;
    struct block *all[CAPACITY_MAX];
    struct pool *pool = make_full(CLASS, all);
    struct arena *arena = pool->arena;
    unsigned slot = pool->slot;
    uint32_t capacity = capacity_of(pool);
    (void)push_blocks(pool, all + 1, capacity - 1, false);
    blocks[0] = all[0];
    puppet_begin(&freer);
    free_by(&freer, 0, 1);
    assert_true(is_back(pool, arena, slot, 1));
    puppet_end(&freer);
}

/* Blocks are withheld for a pool that another owns; then it lets go, and the freer becomes the owner. */
static void a_batch_for_a_pool_that_has_become_ones_own_is_not_lost(void)
{
    struct puppet freer;
    uint32_t capacity = ep__size_classes[CLASS].capacity;
    for (unsigned i = 0; i < capacity; i++)
        blocks[i] = get_block(CLASS);
    struct pool *pool = pool_of(blocks[0]);
    puppet_begin(&freer);
    free_by(&freer, 0, 2);
    assert_int_equal(count_of(pool), 0);
    ep_thread_idle();
    assert_int_equal(state_of(pool), EP__FULL);
    free_by(&freer, 2, 1);
    free_by(&freer, 3, 2);
    puppet_do(&freer, idle, NULL);
    assert_int_equal(state_of(pool), EP__PARTIAL);
    assert_int_equal(count_of(pool), 5);
    puppet_end(&freer);
}

/* More pools than there are places for batches. */
static void a_batch_that_is_in_the_way_is_sent(void)
{
    struct puppet freer;
    unsigned class = EP__SMALL_CLASSES - 1;
    assert_true(ep__option_set(EP__OPTION_BATCH_BYTES, PTRDIFF_MAX));
    static void *all[POOLS * 256];
    uint32_t capacity = ep__size_classes[class].capacity;
    assert_true(capacity <= 256);
    (void)get_pools(class, POOLS, all);
    for (unsigned i = 0; i < POOLS; i++)
        blocks[i] = all[i * capacity];
    puppet_begin(&freer);
    free_by(&freer, 0, POOLS);
    puppet_do(&freer, idle, NULL);
    puppet_end(&freer);
    uint32_t count = 0;
    for (unsigned i = 0; i < POOLS; i++)
        count += count_of(pool_of(all[i * capacity + 1]));
    check_cache(ep__tls.cache);
    assert_int_equal(check_account().blocks_in_use, POOLS * capacity - POOLS);
    assert_true(count <= POOLS);
}

static void a_flush_without_adoption_owns_nothing(void)
{
    struct cache *cache = ep__thread_cache();
    struct block *all[CAPACITY_MAX];
    struct pool *pool = make_pool(CLASS);
    (void)carve_all(pool, all);
    ep__batch_free(cache, pool, all[0]);
    assert_true(ep__batch_join(all[1]));
    assert_int_equal(cache->withheld_bytes, EP__BATCH_BYTES);
    ep__pool_release(pool, 0);
    assert_int_equal(state_of(pool), EP__FULL);
    ep__batch_flush(cache, false);
    assert_int_equal(state_of(pool), EP__PARTIAL);
    assert_int_equal(count_of(pool), 2);
    assert_true(owns_nothing(cache));
}

static void a_flush_with_adoption_takes_a_full_pool(void)
{
    struct cache *cache = ep__thread_cache();
    struct block *all[CAPACITY_MAX];
    struct pool *pool = make_pool(CLASS);
    (void)carve_all(pool, all);
    ep__batch_free(cache, pool, all[0]);
    assert_true(ep__batch_join(all[1]));
    ep__pool_release(pool, 0);
    ep__batch_flush(cache, true);
    assert_int_equal(mapped_owner(pool), cache->tag);
    assert_int_equal(ep__pool_listed(pool), 2);
    check_cache(cache);
}

static void pools_of_closed_windows_are_not_adopted(void)
{
    struct cache *cache = ep__thread_cache();
    struct block *all[CAPACITY_MAX];
    struct pool *pool = make_full(CLASS, all);
    ep__windows_close();
    ep__batch_free(cache, pool, all[0]);
    assert_int_equal(state_of(pool), EP__PARTIAL);
    assert_true(owns_nothing(cache));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(blocks_of_an_owned_pool_are_withheld_until_flushed),
        alone(an_ending_thread_sends_what_it_withholds),
        alone(a_batch_is_sent_in_one_when_it_is_big),
        alone(a_thread_withholds_no_more_than_the_option_says),
        alone(with_nothing_to_withhold_every_block_is_sent_at_once),
        alone(big_blocks_are_not_withheld),
        alone(the_first_block_into_a_full_pool_is_never_withheld),
        alone(a_block_into_a_partial_pool_is_not_withheld),
        alone(a_batch_for_a_pool_that_has_become_ones_own_is_not_lost),
        alone(a_batch_that_is_in_the_way_is_sent),
        alone(a_flush_without_adoption_owns_nothing),
        alone(a_flush_with_adoption_takes_a_full_pool),
        alone(pools_of_closed_windows_are_not_adopted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
