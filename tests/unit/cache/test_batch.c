/* Outbound batches: lib/cache/batch.c.  The owner is the test's thread, the freer another that waits for it.
 * Length: above 400 lines, because each state of a pool meets a withheld block in a way of its own. */
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
    for (unsigned i = 0; i < part->count; i++) {
        ep_free(blocks[part->first + i]);
        check_cache(ep__thread_cache());
    }
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

static void note_withheld(void *bytes)
{
    *(size_t *)bytes = ep__thread_cache()->withheld_bytes;
}

/* What another thread withholds. */
static size_t withheld_by(struct puppet *freer)
{
    size_t bytes = 0;
    puppet_do(freer, note_withheld, &bytes);
    return bytes;
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
    assert_int_equal(withheld_by(&freer), 4 * size_of_class(CLASS));
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
    assert_int_equal(sent, EP__BATCH_BYTES / size_of_class(CLASS));
    assert_int_equal(withheld_by(&freer), 0);
    puppet_end(&freer);
}

static void a_thread_withholds_no_more_than_the_option_says(void)
{
    static const size_t options[] = {16, 100, 2000, 5000, 32768};
    unsigned classes = 20;
    for (unsigned round = 0; round < sizeof options / sizeof options[0]; round++) {
        struct puppet freer;
        assert_true(ep__option_set(EP__OPTION_BATCH_BYTES, options[round]));
        for (unsigned i = 0; i < BLOCKS; i++)
            blocks[i] = get_block(i % classes);
        puppet_begin(&freer);
        /* Its control block is checked after each block. */
        free_by(&freer, 0, BLOCKS);
        puppet_end(&freer);
        assert_int_equal(check_account().blocks_in_use, 0);
    }
}

/* Blocks of 64 and of 128 bytes: no batch is full, but they come to more than the option says. */
static void what_joins_a_batch_is_counted_too(void)
{
    struct puppet freer;
    assert_true(ep__option_set(EP__OPTION_BATCH_BYTES, 960));
    for (unsigned i = 0; i < 12; i++)
        blocks[i] = get_block(i % 2 == 0 ? 3 : 7);
    struct pool *small = pool_of(blocks[0]);
    struct pool *big = pool_of(blocks[1]);
    puppet_begin(&freer);
    for (unsigned i = 0; i < 10; i++) {
        free_by(&freer, i, 1);
        assert_int_equal(withheld_by(&freer), (i / 2 * 3 + (i % 2 == 0 ? 1 : 3)) * 64);
    }
    assert_int_equal(count_of(small) + count_of(big), 0);
    free_by(&freer, 10, 1);
    assert_int_equal(withheld_by(&freer), 0);
    assert_int_equal(count_of(small), 6);
    assert_int_equal(count_of(big), 5);
    puppet_end(&freer);
}

static void an_option_smaller_than_a_block_withholds_none(void)
{
    struct puppet freer;
    for (unsigned i = 0; i < 5; i++)
        blocks[i] = get_block(CLASS);
    struct pool *pool = pool_of(blocks[0]);
    puppet_begin(&freer);
    assert_true(ep__option_set(EP__OPTION_BATCH_BYTES, size_of_class(CLASS) - 1));
    free_by(&freer, 0, 1);
    assert_int_equal(count_of(pool), 1);
    assert_true(ep__option_set(EP__OPTION_BATCH_BYTES, size_of_class(CLASS)));
    free_by(&freer, 1, 1);
    assert_int_equal(count_of(pool), 1);
    free_by(&freer, 2, 1);
    assert_int_equal(count_of(pool), 3);
    puppet_end(&freer);
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

/* Of a class at least two blocks must go into a batch. */
static void big_blocks_are_not_withheld(void)
{
    struct puppet freer;
    puppet_begin(&freer);
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        size_t bytes = size_of_class(class);
        bool is_big = bytes > EP__BATCH_BYTES / 2;
        blocks[0] = get_block(class);
        blocks[1] = get_block(class);
        free_by(&freer, 0, 1);
        assert_int_equal(count_of(pool_of(blocks[1])), is_big ? 1 : 0);
        assert_int_equal(withheld_by(&freer), is_big ? 0 : bytes);
        puppet_do(&freer, idle, NULL);
        assert_int_equal(count_of(pool_of(blocks[1])), 1);
    }
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

/* A pool that nobody owns, of which only the first blocks are not free yet: those are in `blocks`. */
static struct pool *make_nearly_empty(unsigned live)
{
    struct block *all[CAPACITY_MAX];
    struct pool *pool = make_full(CLASS, all);
    (void)push_blocks(pool, all + live, capacity_of(pool) - live, false);
    assert_int_equal(state_of(pool), EP__PARTIAL);
    for (unsigned i = 0; i < live; i++)
        blocks[i] = all[i];
    return pool;
}

static void blocks_of_a_partial_pool_are_withheld_until_flushed(void)
{
    struct puppet freer;
    struct pool *pool = make_nearly_empty(20);
    uint32_t before = count_of(pool);
    puppet_begin(&freer);
    free_by(&freer, 0, 15);
    assert_int_equal(count_of(pool), before);
    assert_int_equal(withheld_by(&freer), 15 * size_of_class(CLASS));
    puppet_do(&freer, idle, NULL);
    assert_int_equal(state_of(pool), EP__PARTIAL);
    assert_int_equal(count_of(pool), before + 15);
    puppet_end(&freer);
}

static void a_partial_pool_is_empty_when_the_batch_with_its_last_blocks_is_sent(void)
{
    struct puppet freer;
    struct pool *pool = make_nearly_empty(3);
    struct arena *arena = pool->arena;
    unsigned slot = pool->slot;
    puppet_begin(&freer);
    free_by(&freer, 0, 3);
    assert_int_equal(state_of(pool), EP__PARTIAL);
    assert_int_equal(count_of(pool), capacity_of(pool) - 3);
    puppet_do(&freer, idle, NULL);
    assert_true(is_back(pool, arena, slot, 1));
    puppet_end(&freer);
}

static void the_last_block_of_a_partial_pool_is_never_withheld(void)
{
    struct puppet freer;
    struct pool *pool = make_nearly_empty(1);
    struct arena *arena = pool->arena;
    unsigned slot = pool->slot;
    puppet_begin(&freer);
    free_by(&freer, 0, 1);
    assert_true(is_back(pool, arena, slot, 1));
    puppet_end(&freer);
}

/* Two threads withhold the last blocks of a pool: none of them empties it, until both have sent theirs. */
static void a_pool_whose_last_blocks_two_withhold_is_empty_when_both_are_sent(void)
{
    struct puppet freers[2];
    struct pool *pool = make_nearly_empty(4);
    struct arena *arena = pool->arena;
    unsigned slot = pool->slot;
    for (unsigned i = 0; i < 2; i++) {
        puppet_begin(&freers[i]);
        free_by(&freers[i], 2 * i, 2);
    }
    assert_int_equal(count_of(pool), capacity_of(pool) - 4);
    puppet_end(&freers[0]);
    assert_int_equal(state_of(pool), EP__PARTIAL);
    assert_int_equal(count_of(pool), capacity_of(pool) - 2);
    puppet_end(&freers[1]);
    assert_true(is_back(pool, arena, slot, 1));
}

static void claim_what_there_is(void *pool)
{
    void *p = get_block(CLASS);
    assert_ptr_equal(pool_of(p), pool);
    assert_int_equal(mapped_owner(pool), ep__tls.tag);
    ep_free(p);
    check_cache(ep__tls.cache);
}

/* A batch is open for a PARTIAL pool, which the freer then claims to allocate from it. */
static void a_batch_for_a_pool_that_the_freer_claims_comes_to_it(void)
{
    struct puppet freer;
    struct pool *pool = make_nearly_empty(8);
    puppet_begin(&freer);
    free_by(&freer, 0, 3);
    puppet_do(&freer, claim_what_there_is, pool);
    assert_int_equal(count_of(pool), 0);
    free_by(&freer, 3, 2);
    assert_int_equal(withheld_by(&freer), 3 * size_of_class(CLASS));
    puppet_do(&freer, idle, NULL);
    assert_int_equal(state_of(pool), EP__PARTIAL);
    assert_int_equal(count_of(pool), capacity_of(pool) - 3);
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

static void *all[POOLS * 256];

/* Blocks on the words of the pools whose blocks are in `all`. */
static uint32_t count_sent(uint32_t capacity)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < POOLS; i++)
        count += count_of(pool_of(all[i * capacity + 1]));
    return count;
}

/* More pools than there are places for batches. */
static void a_batch_that_is_in_the_way_is_sent(void)
{
    struct puppet freer;
    unsigned class = EP__SMALL_CLASSES - 1;
    assert_true(ep__option_set(EP__OPTION_BATCH_BYTES, PTRDIFF_MAX));
    assert_true(ep__option_set(EP__OPTION_THREAD_BYTES, PTRDIFF_MAX));
    uint32_t capacity = ep__size_classes[class].capacity;
    assert_true(capacity <= 256);
    keep_full(class);
    (void)get_pools(class, POOLS, all);
    for (unsigned i = 0; i < POOLS; i++)
        blocks[i] = all[i * capacity];
    puppet_begin(&freer);
    free_by(&freer, 0, POOLS);
    uint32_t sent = count_sent(capacity);
    assert_in_range(sent, POOLS - EP__BATCHES, POOLS - 1);
    assert_int_equal(withheld_by(&freer), (POOLS - sent) * size_of_class(class));
    puppet_do(&freer, idle, NULL);
    puppet_end(&freer);
    assert_int_equal(count_sent(capacity), POOLS);
    check_cache(ep__tls.cache);
    assert_int_equal(check_account().blocks_in_use, POOLS * capacity - POOLS);
}

static void a_flush_without_adoption_owns_nothing(void)
{
    struct cache *cache = ep__thread_cache();
    struct block *all[CAPACITY_MAX];
    struct pool *pool = make_pool(CLASS);
    (void)carve_all(pool, all);
    ep__batch_free(cache, pool, all[0]);
    assert_true(ep__batch_join(all[1]));
    assert_int_equal(cache->withheld_bytes, 2 * size_of_class(CLASS));
    check_cache(cache);
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
        alone(what_joins_a_batch_is_counted_too),
        alone(an_option_smaller_than_a_block_withholds_none),
        alone(with_nothing_to_withhold_every_block_is_sent_at_once),
        alone(big_blocks_are_not_withheld),
        alone(the_first_block_into_a_full_pool_is_never_withheld),
        alone(blocks_of_a_partial_pool_are_withheld_until_flushed),
        alone(a_partial_pool_is_empty_when_the_batch_with_its_last_blocks_is_sent),
        alone(the_last_block_of_a_partial_pool_is_never_withheld),
        alone(a_pool_whose_last_blocks_two_withhold_is_empty_when_both_are_sent),
        alone(a_batch_for_a_pool_that_the_freer_claims_comes_to_it),
        alone(a_batch_for_a_pool_that_has_become_ones_own_is_not_lost),
        alone(a_batch_that_is_in_the_way_is_sent),
        alone(a_flush_without_adoption_owns_nothing),
        alone(a_flush_with_adoption_takes_a_full_pool),
        alone(pools_of_closed_windows_are_not_adopted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
