/* The quarantine: lib/observe/quarantine.c. */
#include "unit/alone.h"

#include <epmalloc/epmalloc.h>
#include <pthread.h>

#include "fake/vm_failing.h"
#include "observe/quarantine.h"
#include "sys/options.h"
#include "unit/caches.h"

enum { BLOCKS = 200, BYTES = 100, MANY = 70000 };

static char *let_go[MANY + BLOCKS];
static _Atomic unsigned gone;

static void *allocate(size_t size, size_t alignment, bool *is_zero)
{
    struct tracking tracking = {.size = size, .alignment = alignment};
    return ep__tracked_alloc(&tracking, is_zero);
}

static void note(const struct tracked *tracked)
{
    unsigned i = gone++;
    assert_int_equal(tracked->state, EP__RECORD_KEPT);
    assert_true(ep__tracked_give_back(tracked));
    let_go[i] = tracked->address;
}

static void put(const struct tracked *tracked)
{
    ep__quarantine_put(tracked, note);
}

static bool keeps(const struct tracked *tracked)
{
    (void)tracked;
    return true;
}

static const struct watch watching = {.allocate = allocate, .freed = put, .keeps = keeps};

static void hold_at_most(uint64_t bytes)
{
    assert_true(ep__option_set(EP__OPTION_CHECK_QUARANTINE, bytes));
    ep__watch_set(&watching);
}

static void the_oldest_block_goes_first(void)
{
    static char *blocks[BLOCKS];
    hold_at_most((BYTES + 64) * 10);
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = ep_malloc(BYTES);
    for (unsigned i = 0; i < BLOCKS; i++) {
        ep_free(blocks[i]);
        assert_int_equal(gone, i < 10 ? 0 : i - 9);
    }
    for (unsigned i = 0; i < gone; i++)
        assert_ptr_equal(let_go[i], blocks[i]);
    assert_int_equal(ep__quarantine_bytes(), (BYTES + 64) * 10);
    ep__quarantine_flush(note);
    assert_int_equal(gone, BLOCKS);
    assert_int_equal(ep__quarantine_bytes(), 0);
    assert_int_equal(check_account().blocks_in_use, 0);
    assert_false(ep__quarantine_evict(note));
}

static void a_bound_of_nothing_holds_nothing(void)
{
    hold_at_most(0);
    ep_free(ep_malloc(BYTES));
    assert_int_equal(gone, 1);
}

/* More blocks than places: who comes round lets go what it finds. */
static void a_full_ring_lets_go_as_it_takes(void)
{
    hold_at_most(PTRDIFF_MAX);
    for (unsigned i = 0; i < MANY; i++)
        ep_free(ep_malloc(1));
    assert_int_equal(gone, MANY - 65536);
    assert_int_equal(ep__quarantine_bytes(), 65536 * 65);
    ep__quarantine_flush(note);
    assert_int_equal(gone, MANY);
    assert_int_equal(check_account().blocks_in_use, 0);
}

static void *churn(void *unused)
{
    for (unsigned i = 0; i < 10000; i++)
        ep_free(ep_malloc(i % 300));
    return unused;
}

static void each_block_is_let_go_once_whoever_does_it(void)
{
    pthread_t threads[4];
    hold_at_most(5000);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, NULL), 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    ep__quarantine_flush(note);
    assert_int_equal(gone, 40000);
    assert_int_equal(ep__quarantine_bytes(), 0);
    assert_int_equal(check_account().blocks_in_use, 0);
}

static void without_memory_blocks_go_at_once(void)
{
    hold_at_most(PTRDIFF_MAX);
    void *p = ep_malloc(BYTES);
    vm_failing_plan(1, UINT64_MAX);
    ep_free(p);
    assert_int_equal(gone, 1);
    vm_failing_plan(0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(the_oldest_block_goes_first),      alone(a_bound_of_nothing_holds_nothing),
        alone(a_full_ring_lets_go_as_it_takes),  alone(each_block_is_let_go_once_whoever_does_it),
        alone(without_memory_blocks_go_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
