/* Detached threads: lib/cache/detached.c, with a kernel that refuses. */
#include "unit/alone.h"

#include "cache/detached.h"
#include "fake/vm_failing.h"
#include "unit/caches.h"

enum { CLASS = 39 };

static struct block *blocks[CAPACITY_MAX];

static void check_unowned(struct pool *pool)
{
    assert_int_not_equal(state_of(pool), EP__OWNED);
    assert_int_equal(mapped_owner(pool), EP__OWNER_NOBODY);
    assert_true(ep__pool_check(pool));
}

static void a_block_of_every_class_is_had_and_nothing_is_owned(void)
{
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        struct block *block = ep__detached_alloc(class);
        assert_non_null(block);
        memset((void *)block, 1, size_of_class(class));
        struct pool *pool = pool_of(block);
        assert_int_equal(pool->class, class);
        check_unowned(pool);
        assert_int_equal(count_of(pool), capacity_of(pool) - 1);
    }
    assert_int_equal(check_account().blocks_in_use, EP__CLASSES);
    assert_int_equal(check_account().uncertain_bytes, 0);
    assert_null(ep__tls.cache);
}

static void a_pool_is_used_up_before_another_is_begun(void)
{
    uint32_t capacity = ep__size_classes[CLASS].capacity;
    struct pool *pool = NULL;
    for (uint32_t i = 0; i < capacity; i++) {
        blocks[i] = ep__detached_alloc(CLASS);
        assert_non_null(blocks[i]);
        pool = pool_of(blocks[i]);
        for (uint32_t j = 0; j < i; j++)
            assert_ptr_not_equal(blocks[i], blocks[j]);
        /* Pools with less than an eighth free are not worth a claim. */
        assert_ptr_equal(pool, pool_of(blocks[0]));
        if (count_of(pool) < ep__size_classes[CLASS].usable_at)
            break;
    }
    assert_ptr_not_equal(pool_of(ep__detached_alloc(CLASS)), pool);
}

static void what_is_freed_is_had_again(void)
{
    struct block *block = ep__detached_alloc(CLASS);
    struct pool *pool = pool_of(block);
    struct arena *arena = pool->arena;
    unsigned slot = pool->slot;
    struct block *other = ep__detached_alloc(CLASS);
    assert_ptr_equal(pool_of(other), pool);
    ep__detached_free(pool, block);
    check_unowned(pool);
    assert_int_equal(count_of(pool), capacity_of(pool) - 1);
    ep__detached_free(pool, other);
    assert_true(is_back(pool, arena, slot, 1));
}

static void a_full_pool_is_not_adopted(void)
{
    struct pool *pool = make_full(CLASS, blocks);
    ep__detached_free(pool, blocks[0]);
    assert_int_equal(state_of(pool), EP__PARTIAL);
    assert_int_equal(count_of(pool), 1);
    check_unowned(pool);
}

static void a_block_of_anothers_pool_goes_to_its_word(void)
{
    uint32_t count;
    struct pool *pool = make_pool(CLASS);
    (void)carve_all(pool, blocks);
    ep__detached_free(pool, blocks[5]);
    assert_int_equal(state_of(pool), EP__OWNED);
    assert_ptr_equal(ep__pool_take_remote(pool, &count), blocks[5]);
}

/* Both lists of a pool that others have left are used, each block once. */
static void a_partial_pool_serves_with_all_it_has(void)
{
    static bool is_seen[CAPACITY_MAX];
    struct pool *pool = make_pool(CLASS);
    uint32_t capacity = carve_all(pool, blocks);
    list_blocks(pool, blocks, 10);
    ep__pool_release(pool, 10);
    (void)push_blocks(pool, blocks + 10, 10, false);
    for (unsigned i = 0; i < 20; i++) {
        struct block *block = ep__detached_alloc(CLASS);
        if (pool_of(block) != pool) {
            assert_true(count_of(pool) < ep__size_classes[CLASS].usable_at);
            break;
        }
        unsigned number = 0;
        while (blocks[number] != block)
            number++;
        assert_true(number < 20);
        assert_false(is_seen[number]);
        is_seen[number] = true;
        assert_int_equal(count_of(pool), 20 - i - 1);
    }
    assert_true(capacity > 20);
}

static void without_memory_there_is_none_and_nothing_has_changed(void)
{
    (void)make_arena();
    vm_failing_plan(1, UINT64_MAX);
    assert_null(ep__detached_alloc(CLASS));
    vm_failing_plan(0, 0);
    assert_int_equal(check_arenas().used_slots, EP__ARENA_SLOTS);
    assert_non_null(ep__detached_alloc(CLASS));
    assert_int_equal(check_arenas().used_slots, EP__ARENA_SLOTS + ep__size_classes[CLASS].slots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_block_of_every_class_is_had_and_nothing_is_owned),
        alone(a_pool_is_used_up_before_another_is_begun),
        alone(what_is_freed_is_had_again),
        alone(a_full_pool_is_not_adopted),
        alone(a_block_of_anothers_pool_goes_to_its_word),
        alone(a_partial_pool_serves_with_all_it_has),
        alone(without_memory_there_is_none_and_nothing_has_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
