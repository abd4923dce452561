/* Deferrals, until they are due: lib/cache/deferred.c. */
#include "unit/alone.h"

#include <errno.h>

#include "fake/vm_failing.h"
#include "unit/deferrals.h"
#include "unit/thread.h"

enum { CLASS = 3 /* 64 bytes */, MANY = 3 * EP__CHUNK_BLOCKS, BIG_CLASS = 63 /* 8 KiB */ };

static void *blocks[MANY];
static unsigned called[EP__CHUNK_CALLS * 3];

static void get_many(unsigned class, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        blocks[i] = get_block(class);
}

static void defer_many(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        defer_free(blocks[i]);
    check_deferrals();
}

static void note_call(void *count)
{
    ++*(unsigned *)count;
}

static void defer_call(unsigned *count)
{
    assert_int_equal(ep__deferred_call((struct call){note_call, count}, false), 0);
    if (ep__tls.cache != NULL)
        stop_time();
}

static void a_block_waits_for_a_section_and_keeps_its_contents(void)
{
    ep__section_enter();
    unsigned char *block = get_block(CLASS);
    defer_free(block);
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 1);
    for (unsigned i = 0; i < size_of_class(CLASS); i++)
        assert_int_equal(block[i], 0x5a);
    assert_int_equal(blocks_in_use(), 1);
    ep__section_exit();
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 0);
    check_deferrals();
    assert_int_equal(blocks_in_use(), 0);
}

static void every_block_of_every_kind_is_freed_once(void)
{
    size_t sizes[] = {1, 100, 1000, 30000, 100000, 1 << 20, 3 << 20};
    for (unsigned i = 0; i < MANY; i++)
        blocks[i] = ep_malloc(i % 50 != 0 ? sizes[i % 4] : sizes[i / 50 % 7]);
    defer_many(MANY);
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 0);
    struct ep_stats account = check_account();
    assert_int_equal(account.blocks_in_use + account.runs_in_use + account.huge_blocks, 0);
    assert_int_equal(count_of_own(EP__FREED_BLOCKS), MANY);
    check_cache(ep__tls.cache);
}

static void a_chunk_is_closed_when_it_is_full(void)
{
    ep__section_enter();
    get_many(CLASS, MANY);
    struct deferrals *list = &ep__tls.cache->deferred[EP__DEFERRED_BLOCKS];
    defer_many(EP__CHUNK_BLOCKS);
    assert_null(list->first);
    defer_free(get_block(CLASS));
    check_deferrals();
    assert_int_equal(list->first->count, EP__CHUNK_BLOCKS);
    assert_int_equal(list->open->count, 1);
}

static void a_chunk_is_closed_when_its_blocks_are_many_bytes(void)
{
    ep__section_enter();
    struct deferrals *list = &ep__tls.cache->deferred[EP__DEFERRED_BLOCKS];
    get_many(BIG_CLASS, 8);
    defer_many(7);
    assert_null(list->first);
    defer_free(blocks[7]);
    assert_int_equal(list->first->count, 8);
    assert_null(list->open);
    check_deferrals();
}

static void a_chunk_is_closed_when_it_is_old(void)
{
    ep__section_enter();
    struct deferrals *list = &ep__tls.cache->deferred[EP__DEFERRED_BLOCKS];
    get_many(CLASS, 16);
    defer_many(10);
    let_time_pass(EP__DEFERRED_BLOCKS);
    for (unsigned i = 10; i < 16; i++)
        assert_int_equal(ep__deferred_free(blocks[i], false), 0);
    assert_non_null(list->first);
    check_deferrals();
}

static void mallocs_slow_path_closes_an_old_chunk_and_frees_it(void)
{
    get_many(CLASS, 10);
    defer_many(10);
    let_time_pass(EP__DEFERRED_BLOCKS);
    for (unsigned i = 0; i < 64; i++)
        ep__deferred_step(ep__tls.cache);
    assert_int_equal(count_of_own(EP__FREED_BLOCKS), 10);
    assert_int_equal(count_of_own(EP__WAITING_BLOCKS), 0);
}

static void the_goal_is_given_when_the_last_block_has_come(void)
{
    get_many(CLASS, 2);
    defer_free(blocks[0]);
    /* Sees the second block, which is unlinked after this. */
    ep__section_enter();
    defer_free(blocks[1]);
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 2);
    ep__section_exit();
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 0);
}

static void freeing_is_spread_over_the_next_deferrals(void)
{
    unsigned most = 0;
    get_many(CLASS, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        uint64_t before = count_of_own(EP__FREED_BLOCKS);
        defer_free(blocks[i]);
        unsigned freed = (unsigned)(count_of_own(EP__FREED_BLOCKS) - before);
        most = freed > most ? freed : most;
    }
    assert_in_range(most, 1, 32);
    /* What one chunk holds, and one that has been closed. */
    assert_true(count_of_own(EP__WAITING_BLOCKS) <= 2 * EP__CHUNK_BLOCKS);
    check_deferrals();
}

static void calls_are_run_once_and_by_no_free(void)
{
    enum { CALLS = EP__CHUNK_CALLS * 3 };
    ep__section_enter();
    for (unsigned i = 0; i < CALLS; i++)
        defer_call(&called[i]);
    check_deferrals();
    ep__section_exit();
    get_many(CLASS, MANY);
    defer_many(MANY);
    assert_int_equal(called[0], 0);
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 0);
    for (unsigned i = 0; i < CALLS; i++)
        assert_int_equal(called[i], 1);
    assert_int_equal(count_of_own(EP__RUN_CALLS), CALLS);
}

static void a_deferred_call_runs_a_few_that_are_due(void)
{
    for (unsigned i = 0; i < 10; i++)
        defer_call(&called[0]);
    let_time_pass(EP__DEFERRED_CALLS);
    defer_call(&called[1]);
    defer_call(&called[1]);
    assert_int_equal(called[0], 4);
    assert_int_equal(called[1], 0);
}

static void leave_things(void *unused)
{
    (void)unused;
    get_many(CLASS, EP__CHUNK_BLOCKS + 10);
    defer_many(EP__CHUNK_BLOCKS + 10);
    defer_call(&called[0]);
    ep__section_enter();
}

static void what_a_thread_leaves_is_taken_by_who_polls_next(void)
{
    on_thread(leave_things, NULL);
    assert_int_equal(called[0], 0);
    (void)ep__thread_cache();
    assert_int_equal(ep__deferred_orphans(EP__WAITING_CALLS), 1);
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 0);
    assert_int_equal(called[0], 1);
    assert_int_equal(blocks_in_use(), 0);
    assert_int_equal(ep__deferred_orphans(EP__WAITING_BYTES), 0);
    check_deferrals();
}

static void what_was_left_waits_for_sections_that_are_open_now(void)
{
    ep__section_enter();
    on_thread(leave_things, NULL);
    assert_int_equal(ep__deferred_poll(ep__tls.cache), EP__CHUNK_BLOCKS + 11);
    assert_int_equal(called[0], 0);
    check_deferrals();
    ep__section_exit();
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 0);
    assert_int_equal(called[0], 1);
}

static void go_idle(void *unused)
{
    (void)unused;
    get_many(CLASS, 100);
    defer_many(100);
    ep_thread_idle();
    assert_int_equal(count_of_own(EP__WAITING_BYTES), 0);
    check_deferrals();
}

static void an_idle_thread_leaves_its_deferrals_too(void)
{
    struct puppet idler;
    puppet_begin(&idler);
    puppet_do(&idler, go_idle, NULL);
    (void)ep__thread_cache();
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 0);
    assert_int_equal(count_of_own(EP__FREED_BLOCKS), 100);
    puppet_end(&idler);
}

static void what_waits_is_freed_before_an_arena_is_made(void)
{
    enum { RUN_BYTES = 1 << 20 };
    void *runs[3];
    for (unsigned i = 0; i < 3; i++)
        runs[i] = ep_malloc(RUN_BYTES);
    size_t arenas = check_account().arenas;
    for (unsigned i = 0; i < 3; i++)
        defer_free(runs[i]);
    for (unsigned i = 0; i < 3; i++)
        assert_non_null(ep_malloc(RUN_BYTES));
    assert_int_equal(check_account().arenas, arenas);
    /* The same for pools: each block is deferred before the next is got. */
    for (unsigned i = 0; i < 2000; i++)
        defer_free(get_block(BIG_CLASS));
    assert_int_equal(check_account().arenas, arenas);
}

static void what_waits_is_freed_before_an_allocation_fails(void)
{
    enum { HUGE_BYTES = 64 << 20 };
    assert_true(ep__option_set(EP__OPTION_HUGE_CACHE, 1));
    void *p = ep_malloc(HUGE_BYTES);
    memset(p, 1, 1 << 20);
    defer_free(p);
    vm_failing_plan(1, UINT64_MAX);
    void *again = ep_malloc(HUGE_BYTES);
    vm_failing_plan(0, 0);
    assert_ptr_equal(again, p);
}

static void at_the_bound_deferrals_are_refused(void)
{
    unsigned taken = 0;
    ep__section_enter();
    assert_true(ep__option_set(EP__OPTION_DEFERRED_BYTES, 100000));
    get_many(BIG_CLASS, 40);
    while (ep__deferred_free(blocks[taken], false) == 0)
        taken++;
    assert_int_equal(ep__deferred_free(blocks[taken], false), EAGAIN);
    assert_int_equal(ep__deferred_call((struct call){note_call, called}, false), EAGAIN);
    assert_in_range(taken * size_of_class(BIG_CLASS), 100000, 100000 + EP__CHUNK_FREE_BYTES);
    assert_true(count_of_own(EP__REFUSED) == 3);
    assert_int_equal(ep__deferred_free(blocks[taken], true), 0);
    ep__section_exit();
    assert_int_equal(ep__deferred_free(blocks[taken + 1], false), 0);
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 0);
}

static void without_memory_for_a_chunk_a_block_is_not_taken(void)
{
    void *p = get_block(CLASS);
    vm_failing_plan(1, UINT64_MAX);
    assert_int_equal(ep__deferred_free(p, false), ENOMEM);
    assert_int_equal(ep__deferred_call((struct call){note_call, called}, false), ENOMEM);
    vm_failing_plan(0, 0);
    check_deferrals();
    assert_int_equal(blocks_in_use(), 1);
    defer_free(p);
}

static void a_pointer_that_is_not_ours_is_not_taken(void)
{
    int local;
    assert_int_equal(ep__deferred_free(&local, false), EINVAL);
}

static void defer_inside_a_block(void *block)
{
    (void)ep__deferred_free((char *)block + 16, false);
}

static void defer_a_freed_run(void *unused)
{
    (void)unused;
    void *volatile run = ep_malloc(100000);
    ep_free(run);
    (void)ep__deferred_free(run, false);
}

static void what_does_not_start_a_block_in_use_aborts(void)
{
    assert_true(aborts_saying(defer_inside_a_block, get_block(CLASS), "does not start a block"));
    assert_true(aborts_saying(defer_a_freed_run, NULL, "deferred free after a free"));
}

static void defer_detached(void *p)
{
    ep__tls.has_exited = 1;
    assert_int_equal(ep__deferred_free(p, false), 0);
    defer_call(&called[0]);
    assert_null(ep__tls.cache);
}

static void a_thread_without_a_control_block_defers(void)
{
    void *p = get_block(CLASS);
    on_thread(defer_detached, p);
    assert_int_equal(ep__deferred_orphans(EP__WAITING_BLOCKS), 1);
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 0);
    assert_int_equal(called[0], 1);
    assert_int_equal(blocks_in_use(), 0);
}

static void defer_in_child(void *unused)
{
    (void)unused;
    /* Its own go on; what the other thread has is lost. */
    check_deferrals();
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 0);
    assert_int_equal(count_of_own(EP__FREED_BLOCKS), 10);
    struct grace_sum sum;
    ep__deferred_sum_up(&sum);
    assert_int_equal(sum.counts[EP__WAITING_BLOCKS], 0);
    assert_int_equal(sum.sections, 0);
}

static void a_child_goes_on_with_the_forking_threads_deferrals(void)
{
    struct puppet other;
    puppet_begin(&other);
    puppet_do(&other, leave_things, NULL);
    get_many(CLASS, 10);
    defer_many(10);
    in_child(defer_in_child, NULL);
    puppet_end(&other);
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 0);
}

static void check_orphans(void *left)
{
    assert_int_equal(ep__deferred_orphans(EP__WAITING_BLOCKS), *(uint64_t *)left);
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 0);
    assert_int_equal(ep__deferred_orphans(EP__WAITING_BYTES), 0);
}

static void a_child_counts_what_was_left_behind_anew(void)
{
    (void)ep__thread_cache();
    on_thread(leave_things, NULL);
    uint64_t left = ep__deferred_orphans(EP__WAITING_BLOCKS);
    in_child(check_orphans, &left);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_block_waits_for_a_section_and_keeps_its_contents),
        alone(every_block_of_every_kind_is_freed_once),
        alone(a_chunk_is_closed_when_it_is_full),
        alone(a_chunk_is_closed_when_its_blocks_are_many_bytes),
        alone(a_chunk_is_closed_when_it_is_old),
        alone(mallocs_slow_path_closes_an_old_chunk_and_frees_it),
        alone(the_goal_is_given_when_the_last_block_has_come),
        alone(freeing_is_spread_over_the_next_deferrals),
        alone(calls_are_run_once_and_by_no_free),
        alone(a_deferred_call_runs_a_few_that_are_due),
        alone(what_a_thread_leaves_is_taken_by_who_polls_next),
        alone(what_was_left_waits_for_sections_that_are_open_now),
        alone(an_idle_thread_leaves_its_deferrals_too),
        alone(what_waits_is_freed_before_an_arena_is_made),
        alone(what_waits_is_freed_before_an_allocation_fails),
        alone(at_the_bound_deferrals_are_refused),
        alone(without_memory_for_a_chunk_a_block_is_not_taken),
        alone(a_pointer_that_is_not_ours_is_not_taken),
        alone(what_does_not_start_a_block_in_use_aborts),
        alone(a_thread_without_a_control_block_defers),
        alone(a_child_goes_on_with_the_forking_threads_deferrals),
        alone(a_child_counts_what_was_left_behind_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
