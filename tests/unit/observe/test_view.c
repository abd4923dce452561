/* One look at what stands at a slot: lib/observe/view.c. */
#include "unit/alone.h"

#include "cache/batch.h"
#include "observe/view.h"
#include "unit/caches.h"
#include "unit/thread.h"

enum { CLASS = 31, BIG_CLASS = 66 };

static struct view look(struct pool *pool)
{
    struct view view;
    ep__view_slot(pool->arena, pool->slot, &view);
    assert_ptr_equal(view.pool, pool);
    assert_ptr_equal(view.arena, pool->arena);
    assert_int_equal(view.slot, pool->slot);
    return view;
}

static void a_slot_that_is_held_and_no_pool_is_in_transition(void)
{
    struct view view;
    struct arena *arena = make_arena();
    ep__view_slot(arena, 5, &view);
    assert_int_equal(view.kind, EP__VIEW_TRANSITION);
    assert_int_equal(view.slots, 1);
}

static void a_run_is_one_block_of_its_length(void)
{
    char *p = ep_malloc(200000);
    struct view view = look(ep__lookup(p).pool);
    assert_int_equal(view.kind, EP__VIEW_RUN);
    assert_int_equal(view.slots, 4);
    assert_int_equal(view.run_bytes, 4 * EP__SLOT_BYTES);
}

static void a_pool_that_nobody_owns_is_known_exactly(void)
{
    struct block *all[CAPACITY_MAX];
    struct pool *pool = make_full(BIG_CLASS, all);
    struct view view = look(pool);
    assert_int_equal(view.kind, EP__VIEW_POOL);
    assert_int_equal(view.state, EP__FULL);
    assert_int_equal(view.class, BIG_CLASS);
    assert_int_equal(view.slots, 4);
    assert_int_equal(view.owner, EP__OWNER_NOBODY);
    assert_int_equal(view.free_blocks, 0);
    assert_true(view.is_exact && !view.is_own);
    (void)push_blocks(pool, all, 3, false);
    view = look(pool);
    assert_int_equal(view.state, EP__PARTIAL);
    assert_int_equal(view.free_blocks, 3);
    assert_true(view.is_exact && !view.is_own);
}

static void the_colour_of_a_pool_is_told(void)
{
    struct pool *pool = ep__pool_acquire(2, 1, true);
    assert_int_equal(look(pool).start, ep__pool_start(pool));
    struct pool *other = ep__pool_acquire(23, 1, false);
    assert_int_equal(look(other).start, ep__pool_start(other));
    assert_true(ep__pool_start(other) > 0);
}

static void an_own_pool_is_known_from_its_lists(void)
{
    void *p = get_block(CLASS);
    void *q = get_block(CLASS);
    struct view view = look(pool_of(p));
    assert_true(view.is_own && view.is_exact);
    assert_int_equal(view.owner, ep__tls.tag);
    assert_int_equal(view.free_blocks, ep__size_classes[CLASS].capacity - 2);
    ep_free(q);
    assert_int_equal(look(pool_of(p)).free_blocks, ep__size_classes[CLASS].capacity - 1);
}

static void get_one(void *out)
{
    *(void **)out = get_block(CLASS);
}

static void of_anothers_pool_only_what_was_freed_remotely_is_known(void)
{
    struct puppet owner;
    void *mine[2];
    puppet_begin(&owner);
    puppet_do(&owner, get_one, &mine[0]);
    puppet_do(&owner, get_one, &mine[1]);
    struct pool *pool = pool_of(mine[0]);
    struct view view = look(pool);
    assert_true(!view.is_own && !view.is_exact);
    assert_int_equal(view.free_blocks, 0);
    assert_true(view.owner > EP__OWNER_DETACHED);
    /* What the asker withholds is free, sent or not. */
    ep_free(mine[0]);
    assert_int_equal(ep__batch_withheld(ep__tls.cache, pool)->count, 1);
    assert_int_equal(look(pool).free_blocks, 1);
    ep__batch_flush(ep__tls.cache, true);
    assert_int_equal(look(pool).free_blocks, 1);
    puppet_end(&owner);
}

static void more_free_blocks_than_there_are_is_never_said(void)
{
    void *p = get_block(CLASS);
    struct pool *pool = pool_of(p);
    /* As a handler finds it between two steps of a recount. */
    pool->place = EP__IN_USABLE;
    pool->listed = 10000;
    assert_int_equal(look(pool).free_blocks, ep__size_classes[CLASS].capacity);
}

static void arenas_in_use_are_found_in_every_window_in_order(void)
{
    unsigned window = 0;
    uint32_t id = 0;
    assert_null(ep__view_next_arena(&window, &id));
    struct arena *arenas[3];
    keep_everything();
    for (unsigned i = 0; i < 3; i++)
        arenas[i] = make_arena();
    ep__arena_release(arenas[1], 0, EP__ARENA_SLOTS);
    (void)ep__retire_purge_all(NULL);
    ep__windows_close();
    struct arena *last = make_arena();
    window = id = 0;
    assert_ptr_equal(ep__view_next_arena(&window, &id), arenas[0]);
    id++;
    assert_ptr_equal(ep__view_next_arena(&window, &id), arenas[2]);
    assert_int_equal(id, 2);
    id++;
    assert_ptr_equal(ep__view_next_arena(&window, &id), last);
    assert_int_equal(window, 1);
    assert_int_equal(id, 0);
    id++;
    assert_null(ep__view_next_arena(&window, &id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_slot_that_is_held_and_no_pool_is_in_transition),
        alone(a_run_is_one_block_of_its_length),
        alone(a_pool_that_nobody_owns_is_known_exactly),
        alone(the_colour_of_a_pool_is_told),
        alone(an_own_pool_is_known_from_its_lists),
        alone(of_anothers_pool_only_what_was_freed_remotely_is_known),
        alone(more_free_blocks_than_there_are_is_never_said),
        alone(arenas_in_use_are_found_in_every_window_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
