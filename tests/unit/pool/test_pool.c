/* The ownership word: lib/pool/pool.c.  One thread plays all: ownership is what it does, not who it is.
 * Length: above 400 lines, because every transition and every misuse is here. */
#include "unit/alone.h"

#include "unit/pools.h"

enum { OWNER = 7, CLASS = 39 /* 1024 bytes */, WIDE_CLASS = 79 /* four slots */ };

static struct block *blocks[CAPACITY_MAX];

static void an_acquired_pool_is_owned_and_empty_and_not_mapped(void)
{
    for (unsigned i = 0; i < SOME_CLASSES; i++) {
        struct pool *pool = make_pool(some_classes[i]);
        const struct size_class *size = &ep__size_classes[some_classes[i]];
        assert_int_equal(state_of(pool), EP__OWNED);
        assert_int_equal(count_of(pool), 0);
        assert_null(pool->list);
        assert_int_equal(pool->carved, 0);
        assert_int_equal(ep__pool_listed(pool), 0);
        assert_int_equal(pool->class, some_classes[i]);
        assert_int_equal(pool->place, EP__IN_NONE);
        for (unsigned slot = 0; slot < size->slots; slot++) {
            assert_ptr_equal(pool[slot].sink, &pool->list);
            assert_ptr_equal(ep__pool_of_slot(&pool[slot]), pool);
        }
        assert_int_equal(mapped_owner(pool), EP__OWNER_NOBODY);
        assert_ptr_equal(pool->base, ep__arena_slot_start(pool->arena, pool->slot));
        assert_int_equal(free_word(pool->arena) & ep__bits_range(pool->slot, size->slots), 0);
    }
}

static void every_slot_of_a_pool_says_what_it_is(void)
{
    struct pool *pool = make_pool(WIDE_CLASS);
    const _Atomic(uint8_t) *kinds = &pool->arena->kinds[pool->slot];
    assert_int_equal(kinds[0], WIDE_CLASS);
    for (unsigned i = 1; i < 4; i++)
        assert_int_equal(kinds[i], EP__KIND_INNER + i);
}

static void every_colour_is_used_and_none_breaks_alignment(void)
{
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        const struct size_class *size = &ep__size_classes[class];
        uint32_t seen = 0;
        for (uint32_t colour = 0; colour < 2U * size->colours; colour++) {
            struct pool *pool = ep__pool_acquire(class, colour, false);
            pool = pool != NULL ? pool : ep__pool_acquire(class, colour, true);
            assert_int_equal(ep__pool_start(pool) % (size->bytes & (~size->bytes + 1)), 0);
            assert_true(ep__pool_start(pool) + (size_t)size->capacity * size->bytes <=
                        (size_t)size->slots << EP__SLOT_LOG2);
            if (size->colours > 1)
                seen |= 1U << ep__pool_start(pool) / size->colour_bytes;
            ep__pool_empty(pool);
        }
        if (size->colours > 1)
            assert_int_equal(seen, (1U << size->colours) - 1);
    }
}

static void without_arenas_there_is_no_pool_but_in_a_new_one(void)
{
    assert_null(ep__pool_acquire(CLASS, 0, false));
    assert_non_null(ep__pool_acquire(CLASS, 0, true));
    assert_non_null(ep__pool_acquire(CLASS, 0, false));
    assert_int_equal(check_arenas().in_use, 1);
}

static void an_emptied_pool_goes_to_its_arena_and_comes_again_with_another_generation(void)
{
    struct pool *pool = make_pool(CLASS);
    struct arena *arena = pool->arena;
    unsigned slot = pool->slot;
    uint32_t generation = ep__word_generation(ep__pool_word(pool));
    ep__pool_map(pool, OWNER);
    ep__pool_empty(pool);
    assert_true(is_back(pool, arena, slot, 1));
    assert_int_equal(mapped_owner(pool), EP__OWNER_NOBODY);
    assert_ptr_equal(make_pool(CLASS), pool);
    assert_true(ep__word_generation(ep__pool_word(pool)) > generation);
}

static void blocks_pushed_to_an_owned_pool_are_taken_whole(void)
{
    struct block *taken[CAPACITY_MAX];
    uint32_t count;
    struct pool *pool = make_pool(CLASS);
    uint32_t capacity = carve_all(pool, blocks);
    assert_null(ep__pool_take_remote(pool, &count));
    assert_int_equal(count, 0);
    assert_int_equal(push_blocks(pool, blocks, 1, true), EP__PUSHED);
    assert_int_equal(push_blocks(pool, blocks + 1, 5, false), EP__PUSHED);
    assert_int_equal(push_blocks(pool, blocks + 6, capacity - 7, true), EP__PUSHED);
    assert_int_equal(count_of(pool), capacity - 1);
    assert_true(ep__pool_check(pool));
    struct block *chain = ep__pool_take_remote(pool, &count);
    assert_int_equal(count, capacity - 1);
    assert_int_equal(ep__pool_count_chain(chain), count);
    assert_int_equal(collect(chain, taken, 0), count);
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < i; j++)
            assert_ptr_not_equal(taken[i], taken[j]);
    assert_int_equal(state_of(pool), EP__OWNED);
    assert_null(ep__pool_take_remote(pool, &count));
}

/* The owner holds what others freed until it takes it, even when that is everything. */
static void an_owned_pool_whose_last_block_comes_back_stays_with_its_owner(void)
{
    struct pool *pool = make_pool(CLASS);
    uint32_t capacity = carve_all(pool, blocks);
    assert_int_equal(push_blocks(pool, blocks, capacity, true), EP__PUSHED);
    assert_int_equal(state_of(pool), EP__OWNED);
    assert_int_equal(count_of(pool), capacity);
}

static void an_owner_may_look_at_what_others_have_freed(void)
{
    uint32_t count = 0;
    struct pool *pool = make_pool(CLASS);
    assert_null(ep__pool_peek_remote(pool));
    (void)carve_all(pool, blocks);
    (void)push_blocks(pool, blocks, 3, false);
    (void)push_blocks(pool, blocks + 3, 2, false);
    uint64_t word = ep__pool_word(pool);
    const struct block *chain = ep__pool_peek_remote(pool);
    assert_int_equal(ep__pool_count_chain(chain), 5);
    assert_int_equal(ep__pool_word(pool), word);
    assert_ptr_equal(ep__pool_take_remote(pool, &count), chain);
    assert_null(ep__pool_peek_remote(pool));
}

static void a_pool_whose_blocks_are_all_out_is_released_full_and_unmapped(void)
{
    struct pool *pool = make_pool(WIDE_CLASS);
    (void)carve_all(pool, blocks);
    ep__pool_map(pool, OWNER);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(ep__load_relaxed(ep__pool_owner(pool) + i), OWNER);
    ep__pool_release(pool, 0);
    assert_int_equal(state_of(pool), EP__FULL);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(ep__load_relaxed(ep__pool_owner(pool) + i), EP__OWNER_NOBODY);
    assert_null(pool->list);
    assert_true(ep__pool_check(pool));
}

static void a_block_that_has_come_back_is_released_with_its_pool(void)
{
    struct block *chain = NULL;
    struct pool *pool = make_pool(CLASS);
    (void)carve_all(pool, blocks);
    ep__pool_map(pool, OWNER);
    assert_int_equal(push_blocks(pool, blocks + 3, 1, true), EP__PUSHED);
    ep__pool_release(pool, 0);
    assert_int_equal(state_of(pool), EP__PARTIAL);
    assert_int_equal(mapped_owner(pool), EP__OWNER_NOBODY);
    assert_true(claim(pool, CLASS, &chain));
    assert_ptr_equal(chain, blocks[3]);
    assert_null(chain->next);
}

static void only_the_first_freer_adopts_a_full_pool(void)
{
    struct pool *pool = make_full(CLASS, blocks);
    assert_int_equal(push_blocks(pool, blocks, 2, true), EP__ADOPTED);
    assert_int_equal(state_of(pool), EP__OWNED);
    assert_int_equal(count_of(pool), 0);
    assert_int_equal(ep__pool_listed(pool), 2);
    assert_int_equal(ep__pool_count_chain(pool->list), 2);
    assert_int_equal(mapped_owner(pool), EP__OWNER_NOBODY);
    assert_int_equal(push_blocks(pool, blocks + 2, 3, true), EP__PUSHED);
    assert_int_equal(count_of(pool), 3);
    assert_int_equal(ep__pool_count_chain(pool->list), 2);
}

static void a_full_pool_that_is_not_adopted_becomes_partial(void)
{
    struct pool *pool = make_full(CLASS, blocks);
    assert_int_equal(push_blocks(pool, blocks, 2, false), EP__PUSHED);
    assert_int_equal(state_of(pool), EP__PARTIAL);
    assert_int_equal(count_of(pool), 2);
    assert_int_equal(push_blocks(pool, blocks + 2, 1, true), EP__PUSHED);
    assert_int_equal(count_of(pool), 3);
    assert_true(ep__pool_check(pool));
}

static void a_full_pool_freed_at_once_goes_to_its_arena(void)
{
    for (unsigned adopt = 0; adopt < 2; adopt++) {
        struct pool *pool = make_full(WIDE_CLASS, blocks);
        struct arena *arena = pool->arena;
        unsigned slot = pool->slot;
        assert_int_equal(push_blocks(pool, blocks, capacity_of(pool), adopt), EP__EMPTIED);
        assert_true(is_back(pool, arena, slot, 4));
    }
}

static void a_partial_pool_whose_last_block_comes_back_goes_to_its_arena(void)
{
    for (unsigned adopt = 0; adopt < 2; adopt++) {
        struct pool *pool = make_full(CLASS, blocks);
        struct arena *arena = pool->arena;
        unsigned slot = pool->slot;
        uint32_t capacity = capacity_of(pool);
        for (uint32_t i = 0; i + 1 < capacity; i++)
            assert_int_equal(push_blocks(pool, blocks + i, 1, i != 0 && adopt), EP__PUSHED);
        assert_int_equal(count_of(pool), capacity - 1);
        assert_int_equal(push_blocks(pool, blocks + capacity - 1, 1, adopt), EP__EMPTIED);
        assert_true(is_back(pool, arena, slot, 1));
    }
    assert_int_equal(check_arenas().used_slots, 0);
}

/* Releases a pool of which so many blocks are listed, freed by others, and not carved. */
static void check_release(unsigned class, uint32_t listed, uint32_t remote, uint32_t uncarved)
{
    struct pool *pool = make_pool(class);
    struct arena *arena = pool->arena;
    unsigned slot = pool->slot;
    uint32_t carved = carve_all(pool, blocks) - uncarved;
    uint32_t available = listed + remote + uncarved;
    pool->carved = (uint16_t)carved;
    ep__pool_map(pool, OWNER);
    list_blocks(pool, blocks, listed);
    if (remote != 0)
        assert_int_equal(push_blocks(pool, blocks + listed, remote, true), EP__PUSHED);
    ep__pool_release(pool, listed);
    assert_int_equal(mapped_owner(pool), EP__OWNER_NOBODY);
    if (available == capacity_of(pool)) {
        assert_true(is_back(pool, arena, slot, ep__size_classes[class].slots));
        return;
    }
    assert_true(ep__pool_check(pool));
    assert_int_equal(state_of(pool), available == 0 ? EP__FULL : EP__PARTIAL);
    assert_int_equal(count_of(pool), available);
    /* The last live blocks come back. */
    uint32_t live = capacity_of(pool) - available;
    assert_int_equal(push_blocks(pool, blocks + listed + remote, live, false), EP__EMPTIED);
    assert_true(is_back(pool, arena, slot, ep__size_classes[class].slots));
}

static void a_released_pool_is_full_partial_or_free_by_what_is_available(void)
{
    for (unsigned i = 0; i < SOME_CLASSES; i++) {
        uint32_t capacity = ep__size_classes[some_classes[i]].capacity;
        uint32_t third = capacity / 3;
        uint32_t parts[] = {0, 1, third, capacity - 2 * third};
        for (unsigned a = 0; a < 4; a++)
            for (unsigned b = 0; b < 4; b++)
                for (unsigned c = 0; c < 4; c++)
                    if (parts[a] + parts[b] + parts[c] <= capacity)
                        check_release(some_classes[i], parts[a], parts[b], parts[c]);
        check_release(some_classes[i], capacity, 0, 0);
        check_release(some_classes[i], 0, capacity, 0);
        check_release(some_classes[i], 0, 0, capacity);
    }
    assert_int_equal(check_arenas().used_slots, 0);
}

static void who_claims_a_partial_pool_has_its_lists_at_once(void)
{
    struct block *chain = NULL;
    struct pool *pool = make_pool(CLASS);
    (void)carve_all(pool, blocks);
    list_blocks(pool, blocks, 4);
    (void)push_blocks(pool, blocks + 4, 2, true);
    ep__pool_release(pool, 4);
    (void)push_blocks(pool, blocks + 6, 3, true);
    assert_true(claim(pool, CLASS, &chain));
    assert_int_equal(state_of(pool), EP__OWNED);
    assert_int_equal(count_of(pool), 0);
    assert_int_equal(ep__pool_count_chain(chain), 5);
    assert_int_equal(ep__pool_count_chain(pool->list), 4);
    assert_int_equal(ep__pool_listed(pool), 4);
    assert_int_equal(mapped_owner(pool), EP__OWNER_NOBODY);
    assert_false(claim(pool, CLASS, &chain));
}

static void only_partial_pools_of_the_class_are_claimed(void)
{
    struct block *chain = NULL;
    struct pool *pool = make_pool(CLASS);
    assert_false(claim(pool, CLASS, &chain));
    (void)carve_all(pool, blocks);
    ep__pool_release(pool, 0);
    assert_false(claim(pool, CLASS, &chain));
    (void)push_blocks(pool, blocks, 30, false);
    assert_false(claim(pool, CLASS + 1, &chain));
    assert_int_equal(state_of(pool), EP__PARTIAL);
    (void)push_blocks(pool, blocks + 30, capacity_of(pool) - 30, false);
    assert_int_equal(state_of(pool), EP__FREE);
    assert_false(claim(pool, CLASS, &chain));
    assert_null(chain);
}

/* The hint and the map entry say one class, the pool is of another by the time it is claimed. */
static void a_pool_reborn_for_another_class_is_given_up_again(void)
{
    struct block *chain = NULL;
    struct pool *pool = make_pool(CLASS);
    (void)carve_all(pool, blocks);
    list_blocks(pool, blocks, 2);
    ep__pool_release(pool, 2);
    (void)push_blocks(pool, blocks + 2, 3, false);
    ep__store_relaxed(&pool->arena->kinds[pool->slot], CLASS + 1);
    assert_false(claim(pool, CLASS + 1, &chain));
    ep__store_relaxed(&pool->arena->kinds[pool->slot], CLASS);
    assert_int_equal(state_of(pool), EP__PARTIAL);
    assert_int_equal(count_of(pool), 5);
    assert_true(claim(pool, CLASS, &chain));
    assert_int_equal(ep__pool_count_chain(chain) + ep__pool_count_chain(pool->list), 5);
}

static void every_change_of_state_changes_the_generation(void)
{
    struct block *chain;
    struct pool *pool = make_pool(CLASS);
    uint32_t before = ep__word_generation(ep__pool_word(pool));
    (void)carve_all(pool, blocks);
    for (unsigned step = 0; step < 4; step++) {
        if (step == 0)
            ep__pool_release(pool, 0);
        else if (step == 1)
            assert_int_equal(push_blocks(pool, blocks, 20, false), EP__PUSHED);
        else if (step == 2)
            assert_true(claim(pool, CLASS, &chain));
        else
            ep__pool_release(pool, 0);
        assert_true(ep__word_generation(ep__pool_word(pool)) > before);
        before = ep__word_generation(ep__pool_word(pool));
    }
}

static void a_generation_comes_round_and_the_state_is_untouched(void)
{
    for (unsigned left = 0; left < 4; left++) {
        struct block *chain;
        struct pool *pool = make_pool(CLASS);
        (void)carve_all(pool, blocks);
        ep__store_relaxed(&pool->word, ep__word_make(EP__POOL_NO_HEAD, 0, EP__OWNED,
                                                     UINT32_C(0x3fffffff) - left));
        ep__pool_release(pool, 0);
        assert_int_equal(state_of(pool), EP__FULL);
        assert_int_equal(push_blocks(pool, blocks, 20, false), EP__PUSHED);
        assert_int_equal(state_of(pool), EP__PARTIAL);
        assert_int_equal(count_of(pool), 20);
        assert_true(claim(pool, CLASS, &chain));
        assert_int_equal(ep__pool_count_chain(chain), 20);
    }
}

static void the_countdowns_of_all_slots_tell_what_is_listed(void)
{
    struct pool *pool = make_pool(WIDE_CLASS);
    pool->listed = 5;
    ep__pool_wind(pool, &pool->list, 40);
    assert_int_equal(ep__pool_listed(pool), 5);
    pool[0].countdown -= 7;
    pool[2].countdown -= 3;
    assert_int_equal(ep__pool_listed(pool), 15);
}

static void free_one(void *pool)
{
    (void)push_blocks(pool, blocks, 1, true);
}

static void a_free_into_a_free_pool_is_misuse(void)
{
    struct pool *pool = make_full(CLASS, blocks);
    assert_int_equal(push_blocks(pool, blocks, capacity_of(pool), false), EP__EMPTIED);
    assert_true(aborts_saying(free_one, pool, "double free, or free into an empty pool"));
}

static void more_frees_than_blocks_are_misuse(void)
{
    struct pool *pool = make_pool(CLASS);
    (void)carve_all(pool, blocks);
    (void)push_blocks(pool, blocks, capacity_of(pool), false);
    assert_true(aborts_saying(free_one, pool, "more frees than blocks"));
}

static void empty_it(void *pool)
{
    ep__pool_empty(pool);
}

static void a_block_that_comes_back_to_an_empty_pool_is_misuse(void)
{
    struct pool *pool = make_pool(CLASS);
    (void)carve_all(pool, blocks);
    (void)push_blocks(pool, blocks, 1, false);
    assert_true(aborts_saying(empty_it, pool, "freed twice"));
}

static void release_it(void *pool)
{
    ep__pool_release(pool, 4);
}

static void more_available_blocks_than_there_are_is_misuse(void)
{
    struct pool *pool = make_pool(CLASS);
    (void)carve_all(pool, blocks);
    list_blocks(pool, blocks, 3);
    (void)push_blocks(pool, blocks + 3, capacity_of(pool) - 3, false);
    assert_true(aborts_saying(release_it, pool, "freed twice"));
}

static void acquire_one(void *unused)
{
    (void)unused;
    (void)ep__pool_acquire(CLASS, 0, false);
}

static void a_slot_whose_pool_is_not_free_is_corruption(void)
{
    struct pool *pool = make_pool(CLASS);
    ep__arena_release(pool->arena, pool->slot, 1);
    assert_true(aborts_saying(acquire_one, NULL, "not FREE"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(an_acquired_pool_is_owned_and_empty_and_not_mapped),
        alone(every_slot_of_a_pool_says_what_it_is),
        alone(every_colour_is_used_and_none_breaks_alignment),
        alone(without_arenas_there_is_no_pool_but_in_a_new_one),
        alone(an_emptied_pool_goes_to_its_arena_and_comes_again_with_another_generation),
        alone(blocks_pushed_to_an_owned_pool_are_taken_whole),
        alone(an_owned_pool_whose_last_block_comes_back_stays_with_its_owner),
        alone(an_owner_may_look_at_what_others_have_freed),
        alone(a_pool_whose_blocks_are_all_out_is_released_full_and_unmapped),
        alone(a_block_that_has_come_back_is_released_with_its_pool),
        alone(only_the_first_freer_adopts_a_full_pool),
        alone(a_full_pool_that_is_not_adopted_becomes_partial),
        alone(a_full_pool_freed_at_once_goes_to_its_arena),
        alone(a_partial_pool_whose_last_block_comes_back_goes_to_its_arena),
        alone(a_released_pool_is_full_partial_or_free_by_what_is_available),
        alone(who_claims_a_partial_pool_has_its_lists_at_once),
        alone(only_partial_pools_of_the_class_are_claimed),
        alone(a_pool_reborn_for_another_class_is_given_up_again),
        alone(every_change_of_state_changes_the_generation),
        alone(a_generation_comes_round_and_the_state_is_untouched),
        alone(the_countdowns_of_all_slots_tell_what_is_listed),
        alone(a_free_into_a_free_pool_is_misuse),
        alone(more_frees_than_blocks_are_misuse),
        alone(a_block_that_comes_back_to_an_empty_pool_is_misuse),
        alone(more_available_blocks_than_there_are_is_misuse),
        alone(a_slot_whose_pool_is_not_free_is_corruption),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
