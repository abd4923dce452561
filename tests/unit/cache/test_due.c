/* What is due: lib/cache/due.c. */
#include "unit/alone.h"

#include "cache/due.h"
#include "unit/deferrals.h"
#include "unit/thread.h"

enum { CLASS = 7 /* 128 bytes */, OTHER_CLASS = 11, BLOCKS = 300 };

static void *blocks[BLOCKS];
static unsigned calls;

/* The grace period of the only chunk is over, but nothing is freed. */
static void make_due(void)
{
    struct cache *cache = ep__tls.cache;
    struct deferrals *list = &cache->deferred[EP__DEFERRED_BLOCKS];
    if (list->open != NULL) {
        assert_null(list->first);
        list->first = list->last = list->open;
        list->open = NULL;
        list->first->goal = ep__grace_begin();
    }
    (void)ep__grace_poll(ep__fork_look(cache));
}

static void defer_blocks(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        defer_free(blocks[i]);
}

static void no_more_is_freed_than_was_asked_for(void)
{
    for (unsigned i = 0; i < 100; i++)
        blocks[i] = get_block(i % 2 ? CLASS : OTHER_CLASS);
    ep__section_enter();
    defer_blocks(100);
    ep__section_exit();
    make_due();
    assert_int_equal(ep__due_free(ep__tls.cache, 1), 1);
    assert_int_equal(ep__due_free(ep__tls.cache, 7), 7);
    check_deferrals();
    assert_int_equal(ep__due_free(ep__tls.cache, 1000), 92);
    assert_int_equal(ep__due_free(ep__tls.cache, 1000), 0);
    check_deferrals();
    check_cache(ep__tls.cache);
    assert_int_equal(blocks_in_use(), 0);
}

static void what_is_not_due_stays(void)
{
    blocks[0] = get_block(CLASS);
    ep__section_enter();
    defer_free(blocks[0]);
    make_due();
    assert_int_equal(ep__due_free(ep__tls.cache, 10), 0);
    check_deferrals();
}

static void get_and_release(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = get_block(CLASS);
    (void)get_block(CLASS);
}

/* The pool is nobody's when its thread has ended. */
static void blocks_of_anothers_pool_are_freed_by_one_step_of_its_word(void)
{
    on_thread(get_and_release, NULL);
    struct pool *pool = pool_of(blocks[0]);
    ep__section_enter();
    defer_blocks(BLOCKS);
    ep__section_exit();
    make_due();
    uint32_t before = count_of(pool);
    assert_int_equal(state_of(pool), EP__PARTIAL);
    /* In another order than they were deferred in, and of this pool alone. */
    assert_int_equal(ep__due_free(ep__tls.cache, BLOCKS), BLOCKS);
    assert_int_equal(count_of(pool), before + BLOCKS);
    /* Collected one by one they would be withheld in a batch. */
    assert_int_equal(ep__tls.cache->withheld_bytes, 0);
    assert_true(ep__pool_check(pool));
}

static void blocks_of_one_pool_are_one_group_among_others(void)
{
    unsigned count = 0;
    for (unsigned class = 0; class < 30; class ++)
        for (unsigned i = 0; i < 5; i++)
            blocks[count++] = get_block(class);
    ep__section_enter();
    for (unsigned i = 0; i < 5; i++)
        for (unsigned class = 0; class < 30; class ++)
            defer_free(blocks[class * 5 + i]);
    ep__section_exit();
    make_due();
    while (ep__due_free(ep__tls.cache, 4) != 0) {
        check_deferrals();
        check_cache(ep__tls.cache);
    }
    assert_int_equal(blocks_in_use(), 0);
}

static void free_due_blocks(void *unused)
{
    (void)unused;
    make_due();
    (void)ep__due_free(ep__tls.cache, 1000);
}

static void a_block_deferred_twice_aborts(void)
{
    ep__section_enter();
    for (unsigned i = 0; i < 50; i++)
        blocks[i] = get_block(CLASS);
    defer_blocks(50);
    defer_free(blocks[20]);
    ep__section_exit();
    assert_true(aborts_saying(free_due_blocks, NULL, "deferred twice"));
}

static void a_run_freed_while_it_waits_aborts(void)
{
    ep__section_enter();
    void *run = ep_malloc(100000);
    defer_free(run);
    ep_free(run);
    ep__section_exit();
    assert_true(aborts_saying(free_due_blocks, NULL, "freed while its deferred free was waiting"));
}

static void call_again(void *depth)
{
    calls++;
    if (depth == NULL)
        return;
    assert_int_equal(ep__deferred_call((struct call){call_again, NULL}, false), 0);
    defer_free(get_block(CLASS));
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 1);
    assert_int_equal(calls, 1);
    ep_thread_idle();
}

static void a_call_may_do_everything_but_is_not_interrupted_by_another(void)
{
    (void)ep__thread_cache();
    assert_int_equal(ep__deferred_call((struct call){call_again, &calls}, false), 0);
    (void)ep__deferred_poll(ep__tls.cache);
    assert_int_equal(calls, 1);
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 0);
    assert_int_equal(calls, 2);
    assert_int_equal(blocks_in_use(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(no_more_is_freed_than_was_asked_for),
        alone(what_is_not_due_stays),
        alone(blocks_of_anothers_pool_are_freed_by_one_step_of_its_word),
        alone(blocks_of_one_pool_are_one_group_among_others),
        alone(a_block_deferred_twice_aborts),
        alone(a_run_freed_while_it_waits_aborts),
        alone(a_call_may_do_everything_but_is_not_interrupted_by_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
