/* Refill: lib/cache/refill.c, with a kernel that refuses.  Each test makes one source of blocks the first that
 * has any. */
#include "unit/alone.h"

#include "cache/refill.h"
#include "fake/vm_failing.h"
#include "unit/caches.h"
#include "unit/memory.h"
#include "unit/thread.h"

enum { CLASS = 31 /* 512 bytes */, BLOCKS = 40000 };

static void *blocks[BLOCKS];

static struct bin *bin_of(unsigned class)
{
    return &ep__thread_cache()->bins[class];
}

/* Pops what the list has, so that the next block needs a refill; returns how many blocks there are then. */
static unsigned run_dry(unsigned class, unsigned count)
{
    struct block **head = ep__cache_head(ep__thread_cache(), class);
    while (*head != NULL)
        blocks[count++] = get_block(class);
    return count;
}

struct part {
    unsigned first;
    unsigned count;
};

static void free_part(void *argument)
{
    const struct part *part = argument;
    free_all(blocks + part->first, part->count);
}

static void free_elsewhere(unsigned first, unsigned count)
{
    struct part part = {first, count};
    on_thread(free_part, &part);
}

static void the_first_block_of_a_class_is_carved_from_a_new_pool(void)
{
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        void *p = get_block(class);
        struct pool *pool = pool_of(p);
        assert_ptr_equal(bin_of(class)->current, pool);
        assert_true(pool->carved < capacity_of(pool));
        check_cache(ep__tls.cache);
    }
}

static void what_others_freed_is_used_before_more_is_carved(void)
{
    unsigned count = run_dry(CLASS, 0);
    blocks[count++] = get_block(CLASS);
    count = run_dry(CLASS, count);
    struct pool *pool = bin_of(CLASS)->current;
    uint32_t carved = pool->carved;
    void *freed = blocks[2];
    assert_ptr_equal(pool_of(freed), pool);
    free_elsewhere(2, 1);
    assert_int_equal(count_of(pool), 1);
    assert_ptr_equal(get_block(CLASS), freed);
    assert_int_equal(pool->carved, carved);
    (void)get_block(CLASS);
    assert_true(pool->carved > carved);
}

static void blocks_that_came_with_a_claimed_pool_are_all_used(void)
{
    static bool is_seen[CAPACITY_MAX];
    struct block *all[CAPACITY_MAX];
    struct pool *pool = make_pool(CLASS);
    uint32_t capacity = carve_all(pool, all);
    list_blocks(pool, all, 30);
    ep__pool_release(pool, 30);
    (void)push_blocks(pool, all + 30, 25, false);
    for (uint32_t i = 0; i < 55; i++) {
        struct block *block = get_block(CLASS);
        assert_ptr_equal(pool_of(block), pool);
        uint32_t number = 0;
        while (all[number] != block)
            number++;
        assert_true(number < 55);
        assert_false(is_seen[number]);
        is_seen[number] = true;
    }
    assert_ptr_not_equal(pool_of(get_block(CLASS)), pool);
    assert_true(capacity > 55);
    check_cache(ep__tls.cache);
}

static void a_usable_pool_is_used_before_more_is_carved(void)
{
    uint32_t capacity = ep__size_classes[CLASS].capacity;
    unsigned count = get_pools(CLASS, 1, blocks);
    struct pool *full = pool_of(blocks[0]);
    blocks[count++] = get_block(CLASS);
    struct pool *current = bin_of(CLASS)->current;
    assert_ptr_not_equal(current, full);
    free_all(blocks, capacity / 2);
    assert_int_equal(full->place, EP__IN_USABLE);
    count = run_dry(CLASS, count);
    uint32_t carved = current->carved;
    assert_true(carved < capacity);
    assert_ptr_equal(pool_of(get_block(CLASS)), full);
    assert_int_equal(current->carved, carved);
    check_cache(ep__tls.cache);
    for (uint32_t i = 1; i < capacity / 2; i++)
        assert_ptr_equal(pool_of(get_block(CLASS)), full);
    assert_ptr_equal(pool_of(get_block(CLASS)), current);
    check_cache(ep__tls.cache);
}

static void a_held_pool_to_which_others_freed_is_used_before_a_new_one(void)
{
    uint32_t capacity = ep__size_classes[CLASS].capacity;
    keep_full(CLASS);
    (void)get_pools(CLASS, 2, blocks);
    struct pool *held = pool_of(blocks[0]);
    assert_int_equal(held->place, EP__IN_HELD);
    free_elsewhere(0, capacity / 2);
    assert_int_equal(count_of(held), capacity / 2);
    for (uint32_t i = 0; i < capacity / 2; i++)
        assert_ptr_equal(pool_of(get_block(CLASS)), held);
    assert_ptr_not_equal(pool_of(get_block(CLASS)), held);
    check_cache(ep__tls.cache);
}

static void a_partial_pool_is_claimed_before_a_new_one_is_acquired(void)
{
    struct block *all[CAPACITY_MAX];
    struct pool *pool = make_full(CLASS, all);
    (void)push_blocks(pool, all, 40, false);
    size_t used = check_arenas().used_slots;
    assert_ptr_equal(pool_of(get_block(CLASS)), pool);
    assert_int_equal(mapped_owner(pool), ep__tls.tag);
    assert_int_equal(check_arenas().used_slots, used);
}

static void a_free_slot_is_taken_before_a_new_arena_is_made(void)
{
    (void)get_block(0);
    for (unsigned class = 1; class < 20; class ++)
        (void)get_block(class);
    assert_int_equal(check_arenas().in_use, 1);
}

static void a_partial_pool_that_hints_have_lost_is_found_before_a_new_arena_is_made(void)
{
    struct block *all[CAPACITY_MAX];
    struct pool *pool = make_full(CLASS, all);
    struct arena *arena = pool->arena;
    (void)push_blocks(pool, all, 40, false);
    assert_true(ep__arena_take_free(arena, ~UINT64_C(0)) != 0);
    assert_true(ep__arena_set_remove(arena->window, EP__SET_PARTIAL + CLASS, arena->id));
    assert_ptr_equal(pool_of(get_block(CLASS)), pool);
    assert_int_equal(check_arenas().in_use, 1);
}

static void a_full_pool_is_disowned(void)
{
    for (unsigned i = 0; i < SOME_CLASSES; i++) {
        unsigned class = some_classes[i];
        unsigned count = get_pools(class, 1, blocks);
        struct pool *pool = pool_of(blocks[0]);
        /* Only who needs another block sees that it is full. */
        assert_int_equal(state_of(pool), EP__OWNED);
        blocks[count] = get_block(class);
        assert_int_equal(state_of(pool), EP__FULL);
        assert_int_equal(mapped_owner(pool), EP__OWNER_NOBODY);
        assert_int_equal(pool->last_owner, ep__tls.tag);
        assert_int_equal(bin_of(class)->held.count + bin_of(class)->usable.count, 0);
        check_cache(ep__tls.cache);
    }
}

static void a_full_pool_stays_with_a_thread_to_which_its_blocks_come_back(void)
{
    keep_full(CLASS);
    unsigned count = get_pools(CLASS, 2, blocks);
    blocks[count] = get_block(CLASS);
    struct pool *pool = pool_of(blocks[0]);
    assert_int_equal(state_of(pool), EP__OWNED);
    assert_int_equal(pool->place, EP__IN_HELD);
    assert_int_equal(mapped_owner(pool), ep__tls.tag);
    check_cache(ep__tls.cache);
}

enum { HELD = 2 * EP__KEEPS_MAX };

/* Full pools that the thread holds, from each of which `own` blocks are freed here and `others` elsewhere: too
 * few to make it usable. */
static void free_into_held_pools(unsigned own, unsigned others)
{
    uint32_t capacity = ep__size_classes[CLASS].capacity;
    assert_true(ep__option_set(EP__OPTION_THREAD_BYTES, PTRDIFF_MAX));
    assert_true(own + others < ep__size_classes[CLASS].usable_at);
    keep_full(CLASS);
    (void)get_pools(CLASS, HELD + 1, blocks);
    assert_int_equal(bin_of(CLASS)->held.count, HELD);
    for (unsigned i = 0; i < HELD; i++) {
        free_all(blocks + (size_t)i * capacity, own);
        free_elsewhere(i * capacity + own, others);
        assert_int_equal(state_of(pool_of(blocks[i * capacity])), EP__OWNED);
    }
    assert_int_equal(bin_of(CLASS)->keeps, EP__KEEPS_MAX);
    check_cache(ep__tls.cache);
}

/* Fills the current pool and begins another; returns the one that is full. */
static struct pool *fill_current(void)
{
    struct pool *pool = bin_of(CLASS)->current;
    while (bin_of(CLASS)->current == pool)
        (void)get_block(CLASS);
    check_cache(ep__tls.cache);
    return pool;
}

/* Of the pools that were held first. */
static unsigned pools_given_up(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < HELD; i++)
        count += state_of(pool_of(blocks[i * ep__size_classes[CLASS].capacity + 5])) != EP__OWNED;
    return count;
}

static void pools_into_which_others_free_are_held_no_longer(void)
{
    free_into_held_pools(0, 1);
    for (unsigned keeps = EP__KEEPS_MAX; keeps != 0;) {
        struct pool *full = fill_current();
        assert_int_equal(full->place, EP__IN_HELD);
        assert_true(bin_of(CLASS)->keeps < keeps);
        keeps = bin_of(CLASS)->keeps;
        /* Each pool that it was lowered for has been given up. */
        assert_int_equal(pools_given_up(), EP__KEEPS_MAX - keeps);
    }
    assert_int_equal(state_of(fill_current()), EP__FULL);
    assert_int_equal(bin_of(CLASS)->keeps, 0);
}

/* As many of a pool's blocks as come back to the owner may come from others. */
static void pools_into_which_the_owner_frees_as_much_are_held_on(void)
{
    free_into_held_pools(1, 1);
    for (unsigned i = 0; i < HELD; i++)
        assert_int_equal(fill_current()->place, EP__IN_HELD);
    assert_int_equal(bin_of(CLASS)->keeps, EP__KEEPS_MAX);
    assert_int_equal(pools_given_up(), 0);
}

static void what_others_free_counts_even_where_it_makes_a_pool_usable(void)
{
    uint32_t capacity = ep__size_classes[CLASS].capacity;
    keep_full(CLASS);
    (void)get_pools(CLASS, 2, blocks);
    struct pool *held = pool_of(blocks[0]);
    free_elsewhere(0, capacity / 2);
    (void)fill_current();
    assert_ptr_equal(bin_of(CLASS)->current, held);
    assert_int_equal(bin_of(CLASS)->keeps, EP__KEEPS_MAX - 1);
}

static void every_block_of_every_pool_is_given_out_once(void)
{
    for (unsigned i = 0; i < SOME_CLASSES; i++) {
        unsigned count = get_pools(some_classes[i], 2, blocks);
        struct pool *pools[3] = {pool_of(blocks[0]), NULL, NULL};
        for (unsigned j = 0; j < count; j++) {
            struct pool *pool = pool_of(blocks[j]);
            if (pool != pools[0] && pools[1] == NULL)
                pools[1] = pool;
            assert_true(pool == pools[0] || pool == pools[1]);
            *(unsigned *)blocks[j] = j;
        }
        for (unsigned j = 0; j < count; j++)
            assert_int_equal(*(unsigned *)blocks[j], j);
        free_all(blocks, count);
    }
    check_cache(ep__thread_cache());
    assert_int_equal(check_account().blocks_in_use, 0);
}

static void a_fresh_block_is_zero_but_for_its_link(void)
{
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        bool is_fresh = false;
        struct block *block = ep__refill(ep__thread_cache(), class, &is_fresh);
        assert_non_null(block);
        assert_true(is_fresh);
        assert_true(is_all(block + 1, size_of_class(class) - sizeof *block, 0));
    }
}

static void used_memory_is_not_called_fresh(void)
{
    bool is_fresh = true;
    unsigned count = run_dry(CLASS, 0);
    blocks[count++] = get_block(CLASS);
    count = run_dry(CLASS, count);
    free_elsewhere(0, 1);
    assert_non_null(ep__refill(ep__tls.cache, CLASS, &is_fresh));
    assert_false(is_fresh);
    /* A pool whose slot was used before. */
    keep_everything();
    free_all(blocks + 1, count - 1);
    ep_thread_idle();
    (void)get_pools(CLASS, 1, blocks);
    free_all(blocks, ep__size_classes[CLASS].capacity);
    ep_thread_idle();
    is_fresh = true;
    assert_non_null(ep__refill(ep__tls.cache, CLASS, &is_fresh));
    assert_false(is_fresh);
}

static void without_memory_there_is_no_block_and_nothing_has_changed(void)
{
    struct cache *cache = ep__thread_cache();
    (void)make_arena();
    vm_failing_plan(1, UINT64_MAX);
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        bool is_fresh;
        assert_null(ep__refill(cache, class, &is_fresh));
        assert_true(owns_nothing(cache));
        check_cache(cache);
    }
    vm_failing_plan(0, 0);
    (void)get_block(CLASS);
    check_cache(cache);
}

/* The class's pool is full, held or nobody's, and there is no memory for another. */
static void check_full_without_memory(bool is_held)
{
    bin_of(CLASS)->keeps = is_held ? EP__KEEPS_MAX : 0;
    unsigned count = get_pools(CLASS, 1, blocks);
    struct pool *pool = pool_of(blocks[0]);
    uint64_t rest = ep__arena_take_free(pool->arena, ~UINT64_C(0));
    assert_true(rest != 0);
    vm_failing_plan(1, UINT64_MAX);
    bool is_fresh;
    assert_null(ep__refill(ep__tls.cache, CLASS, &is_fresh));
    vm_failing_plan(0, 0);
    check_cache(ep__tls.cache);
    assert_int_equal(mapped_owner(pool), is_held ? ep__tls.tag : EP__OWNER_NOBODY);
    free_all(blocks, count / 2 + 1);
    for (unsigned i = 0; i <= count / 2; i++)
        assert_ptr_equal(pool_of(get_block(CLASS)), pool);
    check_cache(ep__tls.cache);
}

static void without_memory_the_pools_there_are_stay(void)
{
    check_full_without_memory(true);
}

static void without_memory_a_full_pool_is_disowned_and_comes_back(void)
{
    check_full_without_memory(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(the_first_block_of_a_class_is_carved_from_a_new_pool),
        alone(what_others_freed_is_used_before_more_is_carved),
        alone(blocks_that_came_with_a_claimed_pool_are_all_used),
        alone(a_usable_pool_is_used_before_more_is_carved),
        alone(a_held_pool_to_which_others_freed_is_used_before_a_new_one),
        alone(a_partial_pool_is_claimed_before_a_new_one_is_acquired),
        alone(a_free_slot_is_taken_before_a_new_arena_is_made),
        alone(a_partial_pool_that_hints_have_lost_is_found_before_a_new_arena_is_made),
        alone(a_full_pool_is_disowned),
        alone(a_full_pool_stays_with_a_thread_to_which_its_blocks_come_back),
        alone(pools_into_which_others_free_are_held_no_longer),
        alone(pools_into_which_the_owner_frees_as_much_are_held_on),
        alone(what_others_free_counts_even_where_it_makes_a_pool_usable),
        alone(every_block_of_every_pool_is_given_out_once),
        alone(a_fresh_block_is_zero_but_for_its_link),
        alone(used_memory_is_not_called_fresh),
        alone(without_memory_there_is_no_block_and_nothing_has_changed),
        alone(without_memory_the_pools_there_are_stay),
        alone(without_memory_a_full_pool_is_disowned_and_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
