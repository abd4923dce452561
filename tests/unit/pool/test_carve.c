/* Carving: lib/pool/carve.c. */
#include "unit/alone.h"

#include "sys/vm.h"
#include "unit/memory.h"
#include "unit/pools.h"

static struct block *blocks[CAPACITY_MAX];

static char *block_start(struct pool *pool, uint32_t i)
{
    return pool->base + ep__pool_start(pool) + (size_t)i * ep__size_classes[pool->class].bytes;
}

static void blocks_come_in_order_each_once(void)
{
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        struct pool *pool = make_pool(class);
        uint32_t count = 0;
        struct block *chain;
        while ((chain = ep__carve(pool)) != NULL) {
            count = collect(chain, blocks, count);
            assert_int_equal(pool->carved, count);
        }
        assert_int_equal(count, capacity_of(pool));
        for (uint32_t i = 0; i < count; i++)
            assert_ptr_equal(blocks[i], block_start(pool, i));
        assert_null(ep__carve(pool));
        ep__pool_empty(pool);
    }
}

static void carving_ends_where_the_page_ends_in_which_its_first_block_ends(void)
{
    size_t page = ep__vm_page_bytes();
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        struct pool *pool = make_pool(class);
        size_t bytes = ep__size_classes[class].bytes;
        while (pool->carved < capacity_of(pool)) {
            uint32_t before = pool->carved;
            assert_non_null(ep__carve(pool));
            size_t end = ep__round_up((uintptr_t)block_start(pool, before) + bytes, page);
            assert_true(pool->carved > before);
            assert_true((uintptr_t)block_start(pool, pool->carved) <= end);
            if (pool->carved < capacity_of(pool))
                assert_true((uintptr_t)block_start(pool, pool->carved) + bytes > end);
        }
        ep__pool_empty(pool);
    }
}

static size_t resident_bytes(const struct pool *pool)
{
    size_t bytes = (size_t)ep__size_classes[pool->class].slots << EP__SLOT_LOG2;
    return ep__vm_resident_bytes(pool->base, bytes);
}

static void a_class_in_use_costs_a_page_and_not_a_pool(void)
{
    struct pool *pool = make_pool(3);
    assert_int_equal(resident_bytes(pool), 0);
    assert_non_null(ep__carve(pool));
    assert_int_equal(resident_bytes(pool), ep__vm_page_bytes());
}

static void what_is_not_carved_is_not_touched(void)
{
    for (unsigned i = 0; i < SOME_CLASSES; i++) {
        struct pool *pool = make_pool(some_classes[i]);
        char *end = pool->base + ((size_t)ep__size_classes[pool->class].slots << EP__SLOT_LOG2);
        for (unsigned round = 0; round < 3; round++) {
            (void)ep__carve(pool);
            char *rest = block_start(pool, pool->carved);
            assert_true(is_all(rest, (size_t)(end - rest), 0));
        }
    }
}

/* Of a carved block only the link is written. */
static void a_fresh_block_is_zero_but_for_its_link(void)
{
    for (unsigned i = 0; i < SOME_CLASSES; i++) {
        struct pool *pool = make_pool(some_classes[i]);
        size_t bytes = ep__size_classes[pool->class].bytes;
        assert_true(pool->is_zero);
        uint32_t count = collect(ep__carve(pool), blocks, 0);
        for (uint32_t j = 0; j < count; j++)
            assert_true(is_all(blocks[j] + 1, bytes - sizeof(struct block), 0));
    }
}

static void colour_moves_every_block(void)
{
    unsigned class = ep__size_class_of(3072);
    assert_true(ep__size_classes[class].colours > 1);
    struct pool *plain = make_pool(class);
    struct pool *coloured = ep__pool_acquire(class, 1, false);
    struct block *block = ep__carve(coloured);
    assert_int_equal((char *)block - coloured->base, ep__size_classes[class].colour_bytes);
    assert_ptr_equal(ep__carve(plain), plain->base);
    struct block *chain;
    while ((chain = ep__carve(coloured)) != NULL)
        while (chain != NULL) {
            block = chain;
            chain = chain->next;
        }
    memset(block, 1, ep__size_classes[class].bytes);
    size_t pool_bytes = (size_t)ep__size_classes[class].slots << EP__SLOT_LOG2;
    assert_true((char *)block + ep__size_classes[class].bytes <= coloured->base + pool_bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(blocks_come_in_order_each_once),
        alone(carving_ends_where_the_page_ends_in_which_its_first_block_ends),
        alone(a_class_in_use_costs_a_page_and_not_a_pool),
        alone(what_is_not_carved_is_not_touched),
        alone(a_fresh_block_is_zero_but_for_its_link),
        alone(colour_moves_every_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
