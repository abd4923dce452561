/* Which blocks of a pool are free: lib/observe/inside.c. */
#include "unit/alone.h"

#include "cache/batch.h"
#include "observe/inside.h"
#include "unit/caches.h"
#include "unit/thread.h"

enum { CLASS = 31, BIG_CLASS = 66 };

static struct free_set set;
static void *blocks[CAPACITY_MAX];

static struct view look(struct pool *pool)
{
    struct view view;
    ep__view_slot(pool->arena, pool->slot, &view);
    assert_int_equal(view.kind, EP__VIEW_POOL);
    assert_true(ep__inside_look(&view, &set));
    return view;
}

static uint32_t index_of(const struct pool *pool, const void *block)
{
    size_t offset = (size_t)((const char *)block - pool->base) - ep__load_relaxed(&pool->start);
    assert_int_equal(offset % size_of_class(pool->class), 0);
    return (uint32_t)(offset / size_of_class(pool->class));
}

/* Exactly the blocks that `is_out` does not name are free, and the view says how many. */
static void check_free(struct pool *pool, const bool *is_out)
{
    struct view view = look(pool);
    uint32_t free = 0;
    for (uint32_t i = 0; i < EP__CAPACITY_MAX; i++) {
        bool is_free = i < capacity_of(pool) && !is_out[i];
        assert_int_equal(ep__free_set_has(&set, i), is_free);
        free += is_free;
    }
    assert_true(view.is_exact);
    assert_int_equal(view.free_blocks, free);
}

static void an_own_pool_is_followed_through_all_its_places(void)
{
    static bool is_out[CAPACITY_MAX];
    keep_full(CLASS);
    void *p = get_block(CLASS);
    struct pool *pool = pool_of(p);
    uint32_t capacity = capacity_of(pool);
    is_out[index_of(pool, p)] = true;
    check_free(pool, is_out);
    for (uint32_t i = 1; i < capacity; i++) {
        blocks[i] = get_block(CLASS);
        is_out[index_of(pool, blocks[i])] = true;
        check_free(pool, is_out);
    }
    blocks[0] = p;
    /* Another becomes the current one; this is held, then usable. */
    assert_ptr_not_equal(pool_of(get_block(CLASS)), pool);
    assert_int_equal(pool->place, EP__IN_HELD);
    for (uint32_t i = 0; i + 1 < capacity; i++) {
        void *victim = blocks[(uint64_t)i * 37 % capacity];
        is_out[index_of(pool, victim)] = false;
        ep_free(victim);
        check_free(pool, is_out);
    }
}

static void free_first(void *count)
{
    free_all(blocks, *(unsigned *)count);
    ep_thread_idle();
}

static void what_others_have_freed_into_an_own_pool_is_seen_and_left_there(void)
{
    static bool is_out[CAPACITY_MAX];
    struct puppet freer;
    unsigned count = 7;
    for (unsigned i = 0; i < 20; i++)
        blocks[i] = get_block(CLASS);
    struct pool *pool = pool_of(blocks[0]);
    for (unsigned i = 0; i < 20; i++)
        is_out[index_of(pool, blocks[i])] = i >= count;
    puppet_begin(&freer);
    puppet_do(&freer, free_first, &count);
    uint64_t word = ep__pool_word(pool);
    assert_int_equal(ep__word_count(word), count);
    check_free(pool, is_out);
    assert_int_equal(ep__pool_word(pool), word);
    puppet_end(&freer);
}

static void a_full_pool_has_no_free_block(void)
{
    static bool is_out[CAPACITY_MAX];
    struct block *all[CAPACITY_MAX];
    struct pool *pool = make_full(BIG_CLASS, all);
    for (uint32_t i = 0; i < capacity_of(pool); i++)
        is_out[i] = true;
    uint64_t word = ep__pool_word(pool);
    check_free(pool, is_out);
    assert_int_equal(ep__pool_word(pool), word);
}

static void a_partial_pool_is_as_before_after_a_look(void)
{
    for (unsigned i = 0; i < SOME_CLASSES; i++) {
        static bool is_out[CAPACITY_MAX];
        struct block *all[CAPACITY_MAX];
        struct pool *pool = make_pool(some_classes[i]);
        /* Some on the private list, some freed by others since, some never carved. */
        uint32_t carved = collect(ep__carve(pool), all, 0);
        list_blocks(pool, all, carved / 2);
        ep__pool_release(pool, carved / 2);
        memset(is_out, 0, sizeof is_out);
        for (uint32_t j = carved / 2; j < carved; j++)
            is_out[index_of(pool, all[j])] = true;
        if (carved >= 4) {
            (void)push_blocks(pool, all + carved - 1, 1, false);
            is_out[index_of(pool, all[carved - 1])] = false;
        }
        uint32_t count = count_of(pool);
        if (state_of(pool) != EP__PARTIAL)
            continue; /* all free again: a class of one block a page */
        for (unsigned again = 0; again < 3; again++) {
            check_free(pool, is_out);
            assert_int_equal(state_of(pool), EP__PARTIAL);
            assert_int_equal(count_of(pool), count);
            assert_true(ep__pool_check(pool));
        }
        /* Who claims it finds every free block once. */
        struct block *chain = NULL;
        assert_true(claim(pool, some_classes[i], &chain));
        pool->listed += ep__pool_join(pool, chain);
        uint32_t listed = ep__pool_count_chain(pool->list);
        assert_int_equal(listed, pool->listed);
        assert_int_equal(listed + capacity_of(pool) - pool->carved, count);
    }
}

static void a_partial_pool_of_a_closed_window_is_not_touched(void)
{
    struct block *all[CAPACITY_MAX];
    struct pool *pool = make_full(CLASS, all);
    (void)push_blocks(pool, all, 30, false);
    ep__windows_close();
    uint64_t word = ep__pool_word(pool);
    struct view view = look(pool);
    assert_false(view.is_exact);
    assert_int_equal(view.free_blocks, 30);
    assert_int_equal(ep__pool_word(pool), word);
}

static void fill(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < 20; i++)
        blocks[i] = get_block(CLASS);
}

static void of_anothers_pool_only_what_the_asker_withholds_is_known(void)
{
    struct puppet owner;
    puppet_begin(&owner);
    puppet_do(&owner, fill, NULL);
    struct pool *pool = pool_of(blocks[0]);
    free_all(blocks, 3);
    assert_int_equal(ep__batch_withheld(ep__tls.cache, pool)->count, 3);
    struct view view = look(pool);
    assert_false(view.is_exact);
    for (uint32_t i = 0; i < 20; i++)
        assert_int_equal(ep__free_set_has(&set, index_of(pool, blocks[i])), i < 3);
    puppet_end(&owner);
}

static void a_look_at_a_pool_that_is_gone_says_so(void)
{
    struct block *all[CAPACITY_MAX];
    struct view view;
    struct pool *pool = make_full(CLASS, all);
    (void)push_blocks(pool, all, 30, false);
    ep__view_slot(pool->arena, pool->slot, &view);
    assert_int_equal(view.state, EP__PARTIAL);
    (void)push_blocks(pool, all + 30, capacity_of(pool) - 30, false);
    assert_int_equal(state_of(pool), EP__FREE);
    assert_false(ep__inside_look(&view, &set));
}

static void a_look_at_a_pool_that_has_changed_hands_is_repeated(void)
{
    struct block *all[CAPACITY_MAX];
    struct view view;
    struct block *chain = NULL;
    struct pool *pool = make_full(CLASS, all);
    (void)push_blocks(pool, all, 30, false);
    ep__view_slot(pool->arena, pool->slot, &view);
    assert_true(claim(pool, CLASS, &chain));
    assert_true(ep__inside_look(&view, &set));
    assert_int_equal(view.state, EP__OWNED);
    assert_false(view.is_exact);
}

static void a_pool_reborn_with_another_colour_is_seen_as_it_is_now(void)
{
    enum { COLOURED_CLASS = 23 };
    static bool is_out[CAPACITY_MAX];
    struct block *all[CAPACITY_MAX];
    struct view view;
    struct pool *pool = make_full(COLOURED_CLASS, all);
    uint32_t capacity = capacity_of(pool);
    (void)push_blocks(pool, all, 50, false);
    ep__view_slot(pool->arena, pool->slot, &view);
    (void)push_blocks(pool, all + 50, capacity - 50, false);
    assert_ptr_equal(ep__pool_acquire(COLOURED_CLASS, 1, false), pool);
    assert_int_not_equal(ep__pool_start(pool), view.start);
    assert_int_equal(carve_all(pool, all), capacity);
    ep__pool_release(pool, 0);
    (void)push_blocks(pool, all, 60, false);
    assert_true(ep__inside_look(&view, &set));
    assert_int_equal(view.start, ep__pool_start(pool));
    assert_int_equal(view.free_blocks, 60);
    for (uint32_t i = 0; i < capacity; i++)
        is_out[index_of(pool, all[i])] = i >= 60;
    for (uint32_t i = 0; i < capacity; i++)
        assert_int_equal(ep__free_set_has(&set, i), !is_out[i]);
}

static void a_damaged_list_is_followed_to_no_other_place(void)
{
    void *p = get_block(CLASS);
    void *q = get_block(CLASS);
    struct pool *pool = pool_of(p);
    struct block *block = q;
    ep_free(q);
    block->next = block;
    (void)look(pool);
    assert_true(ep__free_set_has(&set, index_of(pool, q)));
    assert_false(ep__free_set_has(&set, index_of(pool, p)));
    block->next = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(an_own_pool_is_followed_through_all_its_places),
        alone(what_others_have_freed_into_an_own_pool_is_seen_and_left_there),
        alone(a_full_pool_has_no_free_block),
        alone(a_partial_pool_is_as_before_after_a_look),
        alone(a_partial_pool_of_a_closed_window_is_not_touched),
        alone(of_anothers_pool_only_what_the_asker_withholds_is_known),
        alone(a_look_at_a_pool_that_is_gone_says_so),
        alone(a_look_at_a_pool_that_has_changed_hands_is_repeated),
        alone(a_pool_reborn_with_another_colour_is_seen_as_it_is_now),
        alone(a_damaged_list_is_followed_to_no_other_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
