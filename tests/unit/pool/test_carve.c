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

/* Bytes from the pool's start that its carved blocks need. */
static size_t carved_bytes(struct pool *pool)
{
    return pool->carved == 0 ? 0 : (size_t)(block_start(pool, pool->carved) - pool->base);
}

/* Slots with pages in memory are marked, and none above those that carved blocks reach into. */
static void check_dirty_slots(struct pool *pool)
{
    unsigned slots = ep__size_classes[pool->class].slots;
    unsigned touched = (unsigned)((carved_bytes(pool) + EP__SLOT_BYTES - 1) >> EP__SLOT_LOG2);
    uint64_t marked = dirty_word(pool->arena) >> pool->slot & ep__bits_range(0, slots);
    assert_int_equal(marked, touched == 0 ? 0 : ep__bits_range(0, touched));
    for (unsigned i = 0; i < slots; i++)
        if (ep__vm_resident_bytes(pool->base + i * EP__SLOT_BYTES, EP__SLOT_BYTES) != 0)
            assert_true(marked >> i & 1U);
}

static void slots_are_marked_as_far_as_blocks_reach(void)
{
    for (unsigned class = 0; class < EP__CLASSES; class ++)
        for (unsigned colour = 0; colour < ep__size_classes[class].colours; colour++) {
            struct pool *pool = ep__pool_acquire(class, colour, true);
            struct block *chain;
            assert_non_null(pool);
            check_dirty_slots(pool);
            while ((chain = ep__carve(pool)) != NULL) {
                uint32_t count = collect(chain, blocks, 0);
                for (uint32_t i = 0; i < count; i++)
                    memset((void *)blocks[i], 1, ep__size_classes[class].bytes);
                check_dirty_slots(pool);
            }
            ep__pool_empty(pool);
        }
    check_arenas();
}

/* A place for one pool of four slots, none of which has pages. */
static struct arena *make_place(unsigned first)
{
    struct arena *arena = make_arena();
    keep_everything();
    ep__arena_release(arena, first, 4);
    assert_int_equal(ep__retire_purge_all(NULL), 4 * EP__SLOT_BYTES);
    return arena;
}

static void inner_slots_that_were_never_carved_are_zero_to_the_next_holder(void)
{
    enum { FIRST = 20, CLASS = EP__CLASSES - 1 };
    struct slots got;
    struct arena *arena = make_place(FIRST);
    struct pool *pool = make_pool(CLASS);
    assert_ptr_equal(pool->arena, arena);
    assert_int_equal(pool->slot, FIRST);
    assert_true(pool->is_zero);
    memset((void *)ep__carve(pool), 1, ep__size_classes[CLASS].bytes);
    ep__pool_empty(pool);
    assert_int_equal(check_arenas().dirty_free_slots, 1);
    assert_true(ep__arena_acquire(1, 1, &got));
    assert_int_equal(got.first, FIRST);
    assert_false(got.is_zero);
    /* One slot, as a small pool, and two at once. */
    struct pool *next = make_pool(0);
    assert_int_equal(next->slot, FIRST + 1);
    assert_true(next->is_zero);
    assert_true(ep__arena_acquire(2, 1, &got));
    assert_int_equal(got.first, FIRST + 2);
    assert_true(got.is_zero);
    assert_true(is_all(next->base, 3 * EP__SLOT_BYTES, 0));
}

static void a_pool_with_one_used_slot_is_not_zero(void)
{
    enum { FIRST = 8, CLASS = EP__CLASSES - 1 };
    struct arena *arena = make_place(FIRST);
    assert_true(ep__arena_acquire_at(arena, FIRST + 3, 1));
    ep__arena_release(arena, FIRST + 3, 1);
    struct pool *pool = make_pool(CLASS);
    assert_ptr_equal(pool->arena, arena);
    assert_false(pool->is_zero);
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
        alone(slots_are_marked_as_far_as_blocks_reach),
        alone(inner_slots_that_were_never_carved_are_zero_to_the_next_holder),
        alone(a_pool_with_one_used_slot_is_not_zero),
        alone(a_fresh_block_is_zero_but_for_its_link),
        alone(colour_moves_every_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
