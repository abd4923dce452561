/* Partial pools and their hints: lib/pool/partial.c. */
#include "unit/alone.h"

#include "unit/pools.h"

enum { CLASS = 39, OTHER_CLASS = 23, WIDE_CLASS = 79 };

static struct block *blocks[CAPACITY_MAX];

static uint32_t usable_at(unsigned class)
{
    return ep__size_classes[class].usable_at;
}

/* A PARTIAL pool with so many free blocks. */
static struct pool *make_partial(unsigned class, uint32_t available)
{
    struct pool *pool = make_full(class, blocks);
    assert_int_equal(push_blocks(pool, blocks, available, false), EP__PUSHED);
    assert_int_equal(state_of(pool), EP__PARTIAL);
    return pool;
}

static struct pool *find(unsigned class, bool is_sweep)
{
    struct block *chain = NULL;
    return ep__partial_claim(class, is_sweep, &chain);
}

static bool is_hinted(struct pool *pool, unsigned class)
{
    struct window *window = pool->arena->window;
    uint32_t id = pool->arena->id;
    struct arena_group *group = &window->groups[id / EP__GROUP_ARENAS];
    uint64_t hints = ep__load_acquire(&group->partial_pools[id % EP__GROUP_ARENAS][class]);
    return hints >> pool->slot & 1U;
}

static void without_partial_pools_none_is_found(void)
{
    assert_null(find(CLASS, false));
    assert_null(find(CLASS, true));
    (void)make_pool(CLASS);
    (void)make_full(CLASS, blocks);
    assert_null(find(CLASS, false));
    assert_null(find(CLASS, true));
}

static void a_pool_with_an_eighth_free_is_found_once(void)
{
    for (unsigned i = 0; i < SOME_CLASSES; i++) {
        struct block *chain = NULL;
        unsigned class = some_classes[i];
        struct pool *pool = make_partial(class, usable_at(class));
        assert_ptr_equal(ep__partial_claim(class, false, &chain), pool);
        assert_int_equal(ep__pool_count_chain(chain), usable_at(class));
        assert_int_equal(state_of(pool), EP__OWNED);
        assert_null(find(class, false));
        assert_null(find(class, true));
    }
}

static void a_released_pool_with_an_eighth_free_is_found(void)
{
    struct pool *pool = make_pool(CLASS);
    uint32_t count = carve_all(pool, blocks);
    list_blocks(pool, blocks, usable_at(CLASS));
    ep__pool_release(pool, usable_at(CLASS));
    assert_ptr_equal(find(CLASS, false), pool);
    assert_int_equal(ep__pool_count_chain(pool->list), usable_at(CLASS));
    assert_true(count > usable_at(CLASS));
}

/* Blocks that were never carved are free ones too. */
static void a_pool_that_was_released_before_it_was_carved_to_its_end_is_found(void)
{
    struct pool *pool = make_pool(CLASS);
    assert_non_null(ep__carve(pool));
    ep__pool_release(pool, 0);
    assert_ptr_equal(find(CLASS, false), pool);
    assert_null(pool->list);
    assert_non_null(ep__carve(pool));
}

static void a_pool_with_fewer_free_blocks_is_left_alone_until_more_come_back(void)
{
    struct pool *pool = make_partial(CLASS, usable_at(CLASS) - 1);
    assert_null(find(CLASS, false));
    assert_null(find(CLASS, true));
    assert_false(is_hinted(pool, CLASS));
    assert_int_equal(push_blocks(pool, blocks + usable_at(CLASS), 1, true), EP__PUSHED);
    assert_true(is_hinted(pool, CLASS));
    assert_ptr_equal(find(CLASS, false), pool);
}

static void only_pools_of_the_class_are_found(void)
{
    struct pool *pool = make_partial(CLASS, 30);
    struct pool *other = make_partial(OTHER_CLASS, 100);
    assert_null(find(CLASS + 1, false));
    assert_null(find(CLASS + 1, true));
    assert_ptr_equal(find(OTHER_CLASS, true), other);
    assert_ptr_equal(find(CLASS, false), pool);
}

static void several_pools_are_found_one_after_the_other(void)
{
    enum { POOLS = 130 };
    for (unsigned i = 0; i < POOLS; i++)
        (void)make_partial(CLASS, 20);
    for (unsigned i = 0; i < POOLS; i++)
        assert_non_null(find(CLASS, i % 2));
    assert_null(find(CLASS, true));
}

static void a_hint_of_a_pool_that_is_not_partial_is_passed_over_and_cleared(void)
{
    struct pool *owned = make_pool(CLASS);
    struct pool *pool = make_partial(CLASS, 20);
    ep__partial_hint(owned, CLASS);
    assert_ptr_equal(find(CLASS, false), pool);
    assert_false(is_hinted(owned, CLASS));
    assert_null(find(CLASS, false));
    assert_int_equal(state_of(owned), EP__OWNED);
}

static void a_hint_of_a_pool_of_another_class_is_passed_over_and_cleared(void)
{
    struct pool *other = make_partial(OTHER_CLASS, 100);
    ep__partial_hint(other, CLASS);
    assert_null(find(CLASS, false));
    assert_false(is_hinted(other, CLASS));
    assert_int_equal(state_of(other), EP__PARTIAL);
    assert_int_equal(count_of(other), 100);
    assert_ptr_equal(find(OTHER_CLASS, false), other);
}

static void a_hint_of_an_emptied_pool_is_passed_over(void)
{
    keep_everything();
    struct pool *pool = make_partial(CLASS, 40);
    assert_true(is_hinted(pool, CLASS));
    assert_int_equal(push_blocks(pool, blocks + 40, capacity_of(pool) - 40, true), EP__EMPTIED);
    assert_null(find(CLASS, false));
    assert_null(find(CLASS, true));
    assert_false(is_hinted(pool, CLASS));
}

static void a_claimed_pool_that_is_released_is_found_again(void)
{
    struct block *chain = NULL;
    struct pool *pool = make_partial(CLASS, 20);
    assert_ptr_equal(ep__partial_claim(CLASS, false, &chain), pool);
    list_blocks(pool, blocks, 20);
    for (unsigned i = 0; i < 5; i++) {
        ep__pool_release(pool, 20);
        assert_ptr_equal(ep__partial_claim(CLASS, false, &chain), pool);
        assert_null(chain);
        assert_int_equal(ep__pool_count_chain(pool->list), 20);
    }
}

/* What a thread leaves that is stopped between clearing a bit above the hints and reading them again. */
static void a_lost_hint_is_found_by_the_sweep(void)
{
    struct pool *pool = make_partial(CLASS, 20);
    struct window *window = pool->arena->window;
    assert_true(ep__arena_set_remove(window, EP__SET_PARTIAL + CLASS, pool->arena->id));
    assert_null(find(CLASS, false));
    assert_ptr_equal(find(CLASS, true), pool);
}

static void many_wrong_hints_hide_a_pool_from_no_sweep(void)
{
    enum { ARENAS = 100 };
    for (unsigned i = 0; i < ARENAS; i++) {
        struct arena *arena = make_arena();
        ep__arena_set_add(arena->window, EP__SET_PARTIAL + CLASS, arena->id);
    }
    struct pool *pool = make_partial(CLASS, 20);
    struct pool *other = make_partial(CLASS, 20);
    assert_ptr_equal(find(CLASS, true), pool);
    /* Every search puts hints right, so that a later one gets through. */
    struct pool *found = NULL;
    for (unsigned i = 0; i < ARENAS && found == NULL; i++)
        found = find(CLASS, false);
    assert_ptr_equal(found, other);
}

static void pools_of_closed_windows_are_left_alone(void)
{
    struct pool *pool = make_partial(CLASS, 20);
    ep__windows_close();
    assert_null(find(CLASS, false));
    assert_null(find(CLASS, true));
    struct pool *open = make_partial(CLASS, 20);
    assert_ptr_not_equal(open->arena->window, pool->arena->window);
    assert_ptr_equal(find(CLASS, false), open);
}

static void a_pool_of_several_slots_is_found_by_its_first(void)
{
    (void)make_pool(WIDE_CLASS);
    struct pool *pool = make_partial(WIDE_CLASS, 3);
    assert_ptr_equal(find(WIDE_CLASS, false), pool);
    ep__pool_release(pool, 0);
    assert_int_equal(state_of(pool), EP__FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(without_partial_pools_none_is_found),
        alone(a_pool_with_an_eighth_free_is_found_once),
        alone(a_released_pool_with_an_eighth_free_is_found),
        alone(a_pool_that_was_released_before_it_was_carved_to_its_end_is_found),
        alone(a_pool_with_fewer_free_blocks_is_left_alone_until_more_come_back),
        alone(only_pools_of_the_class_are_found),
        alone(several_pools_are_found_one_after_the_other),
        alone(a_hint_of_a_pool_that_is_not_partial_is_passed_over_and_cleared),
        alone(a_hint_of_a_pool_of_another_class_is_passed_over_and_cleared),
        alone(a_hint_of_an_emptied_pool_is_passed_over),
        alone(a_claimed_pool_that_is_released_is_found_again),
        alone(a_lost_hint_is_found_by_the_sweep),
        alone(many_wrong_hints_hide_a_pool_from_no_sweep),
        alone(pools_of_closed_windows_are_left_alone),
        alone(a_pool_of_several_slots_is_found_by_its_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
