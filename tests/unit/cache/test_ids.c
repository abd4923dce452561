/* Owner ids and control blocks: lib/cache/ids.c, with a kernel that refuses. */
#include "unit/alone.h"

#include "cache/ids.h"
#include "fake/vm_failing.h"
#include "unit/caches.h"

enum { IDS = 1 << EP__IDS_LOG2 };

static uint32_t take(void)
{
    uint32_t id;
    assert_true(ep__ids_take(&id));
    return id;
}

static void the_lowest_free_id_is_given_out(void)
{
    uint32_t first = take();
    assert_true(first > EP__OWNER_DETACHED && first > EP__OWNER_NOBODY);
    for (uint32_t i = 1; i < 200; i++)
        assert_int_equal(take(), first + i);
    ep__ids_give_back(first + 150);
    ep__ids_give_back(first + 70);
    assert_int_equal(take(), first + 70);
    assert_int_equal(take(), first + 150);
    assert_int_equal(take(), first + 200);
}

static void an_id_is_given_out_again_only_after_its_release(void)
{
    static bool is_out[IDS];
    uint32_t id;
    for (uint32_t i = 0; i < 1000; i++) {
        id = take();
        assert_false(is_out[id]);
        is_out[id] = true;
    }
    ep__ids_give_back(id);
    is_out[id] = false;
    assert_int_equal(take(), id);
}

static void ids_are_counted(void)
{
    assert_int_equal(ep__ids_count(), 0);
    uint32_t first = take();
    (void)take();
    assert_int_equal(ep__ids_count(), 2);
    ep__ids_give_back(first);
    assert_int_equal(ep__ids_count(), 1);
}

static void every_id_is_given_out_once_and_then_there_is_none(void)
{
    static bool is_out[IDS];
    uint32_t id;
    uint32_t count = 0;
    while (ep__ids_take(&id)) {
        assert_true(id < IDS);
        assert_true(id > EP__OWNER_DETACHED);
        assert_false(is_out[id]);
        is_out[id] = true;
        count++;
    }
    assert_int_equal(count, IDS - 2);
    assert_int_equal(ep__ids_count(), count);
    ep__ids_give_back(77777);
    assert_int_equal(take(), 77777);
    assert_false(ep__ids_take(&id));
}

static void every_id_has_a_control_block_of_its_own(void)
{
    static const uint32_t ids[] = {2, 3, 63, 64, 65, 127, 128, 100000, IDS - 2, IDS - 1};
    enum { COUNT = sizeof ids / sizeof ids[0] };
    struct cache *blocks[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        blocks[i] = ep__ids_block(ids[i]);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % alignof(struct cache), 0);
        assert_true(owns_nothing(blocks[i]));
        for (unsigned j = 0; j < i; j++)
            assert_true(blocks[i] + 1 <= blocks[j] || blocks[j] + 1 <= blocks[i]);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        memset((void *)blocks[i], (int)i + 1, sizeof *blocks[i]);
        assert_ptr_equal(ep__ids_block(ids[i]), blocks[i]);
    }
    assert_true(ep__ids_block_bytes() >= 5 * sizeof(struct cache));
}

static void without_memory_there_is_no_control_block_until_there_is(void)
{
    assert_int_equal(ep__ids_block_bytes(), 0);
    vm_failing_plan(1, 1);
    assert_null(ep__ids_block(2));
    assert_int_equal(ep__ids_block_bytes(), 0);
    struct cache *block = ep__ids_block(2);
    assert_non_null(block);
    vm_failing_plan(1, UINT64_MAX);
    assert_ptr_equal(ep__ids_block(2), block);
    assert_null(ep__ids_block(IDS - 1));
    vm_failing_plan(0, 0);
    assert_non_null(ep__ids_block(IDS - 1));
}

static void control_blocks_that_were_used_are_found_in_the_order_of_their_ids(void)
{
    static const uint32_t ids[] = {2, 65, 66, 300, IDS - 1};
    enum { COUNT = sizeof ids / sizeof ids[0] };
    uint32_t id = 0;
    assert_null(ep__ids_next_block(&id));
    for (unsigned i = 0; i < COUNT; i++)
        ep__cache_count(&ep__ids_block(ids[i])->births, 1);
    (void)ep__ids_block(1000);
    id = 0;
    for (unsigned i = 0; i < COUNT; i++, id++) {
        assert_ptr_equal(ep__ids_next_block(&id), ep__ids_block(ids[i]));
        assert_int_equal(id, ids[i]);
    }
    assert_null(ep__ids_next_block(&id));
}

static void an_id_is_taken_until_it_is_given_back(void)
{
    uint32_t id = take();
    assert_true(ep__ids_is_taken(id));
    assert_false(ep__ids_is_taken(id + 1));
    ep__ids_give_back(id);
    assert_false(ep__ids_is_taken(id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(the_lowest_free_id_is_given_out),
        alone(an_id_is_given_out_again_only_after_its_release),
        alone(ids_are_counted),
        alone(every_id_is_given_out_once_and_then_there_is_none),
        alone(every_id_has_a_control_block_of_its_own),
        alone(without_memory_there_is_no_control_block_until_there_is),
        alone(control_blocks_that_were_used_are_found_in_the_order_of_their_ids),
        alone(an_id_is_taken_until_it_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
