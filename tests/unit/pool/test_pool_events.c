/* A pool's changes of state: lib/pool/pool_events.c. */
#include "unit/events.h"

#include "pool/pool_events.h"
#include "pool/run.h"
#include "unit/pools.h"

enum { CLASS = 31 };

static struct block *blocks[CAPACITY_MAX];

static struct batch batch_of(struct pool *pool, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i + 1 < first + count; i++)
        blocks[i]->next = blocks[i + 1];
    return (struct batch){pool, blocks[first], blocks[first + count - 1], count};
}

/* The next event that is a pool's, from *i on. */
static const struct event *next_change(unsigned count, unsigned *i)
{
    for (; *i < count; ++*i) {
        const struct event *event = &read_events[*i];
        if (event->kind >= EP__EVENT_POOL_ACQUIRED && event->kind <= EP__EVENT_RUN_FREED &&
            event->kind != EP__EVENT_POOL_CARVED && event->kind != EP__EVENT_POOL_UNCARVED)
            return &read_events[(*i)++];
    }
    return NULL;
}

static void expect_changes(const uint8_t *kinds, unsigned changes, const struct pool *pool)
{
    unsigned count = take_events();
    unsigned at = 0;
    uint32_t generation = 0;
    for (unsigned i = 0; i < changes; i++) {
        const struct event *event = next_change(count, &at);
        assert_non_null(event);
        assert_int_equal(event->kind, kinds[i]);
        assert_int_equal(event->object, (uintptr_t)pool->base);
        if (event->kind == EP__EVENT_RUN_RESIZED)
            continue;
        assert_int_equal(ep__word_generation(event->before), generation);
        assert_int_equal(ep__word_generation(event->after), ++generation);
        assert_int_equal(event->number, generation);
    }
    assert_null(next_change(count, &at));
}

static void every_change_of_a_pool_is_told_with_its_generation(void)
{
    static const uint8_t kinds[] = {EP__EVENT_POOL_ACQUIRED, EP__EVENT_POOL_FULL,
                                    EP__EVENT_POOL_ADOPTED,  EP__EVENT_POOL_PARTIAL,
                                    EP__EVENT_POOL_CLAIMED,  EP__EVENT_POOL_PARTIAL,
                                    EP__EVENT_POOL_EMPTIED};
    struct block *chain;
    assert_int_equal(ep__event_start(-1), 0);
    struct pool *pool = make_pool(CLASS);
    uint32_t capacity = carve_all(pool, blocks);
    ep__pool_release(pool, 0);
    struct batch half = batch_of(pool, 0, capacity / 2);
    assert_int_equal(ep__pool_push_remote(&half, true), EP__ADOPTED);
    ep__pool_release(pool, capacity / 2);
    assert_true(ep__pool_claim(pool, CLASS, &chain));
    ep__pool_release(pool, capacity / 2);
    struct batch rest = batch_of(pool, capacity / 2, capacity - capacity / 2);
    assert_int_equal(ep__pool_push_remote(&rest, true), EP__EMPTIED);
    expect_changes(kinds, sizeof kinds, pool);
}

static void ends_of_a_pool_that_are_told_too(void)
{
    static const uint8_t kinds[] = {
        EP__EVENT_POOL_ACQUIRED, EP__EVENT_POOL_FULL,     EP__EVENT_POOL_PARTIAL,
        EP__EVENT_POOL_EMPTIED,  EP__EVENT_POOL_ACQUIRED, EP__EVENT_POOL_FULL,
        EP__EVENT_POOL_EMPTIED,  EP__EVENT_POOL_ACQUIRED, EP__EVENT_POOL_EMPTIED};
    assert_int_equal(ep__event_start(-1), 0);
    struct pool *pool = make_pool(CLASS);
    uint32_t capacity = carve_all(pool, blocks);
    ep__pool_release(pool, 0);
    struct batch one = batch_of(pool, 0, 1);
    assert_int_equal(ep__pool_push_remote(&one, false), EP__PUSHED);
    struct batch rest = batch_of(pool, 1, capacity - 1);
    assert_int_equal(ep__pool_push_remote(&rest, false), EP__EMPTIED);
    assert_ptr_equal(make_pool(CLASS), pool);
    assert_int_equal(carve_all(pool, blocks), capacity);
    ep__pool_release(pool, 0);
    struct batch all = batch_of(pool, 0, capacity);
    assert_int_equal(ep__pool_push_remote(&all, false), EP__EMPTIED);
    assert_ptr_equal(make_pool(CLASS), pool);
    ep__pool_empty(pool);
    expect_changes(kinds, sizeof kinds, pool);
}

static void carving_is_told_page_by_page(void)
{
    assert_int_equal(ep__event_start(-1), 0);
    struct pool *pool = make_pool(CLASS);
    uint32_t capacity = carve_all(pool, blocks);
    unsigned count = take_events();
    uint64_t carved = 0;
    const struct event *event;
    for (unsigned i = 0; (event = nth_event(count, EP__EVENT_POOL_CARVED, i)) != NULL; i++) {
        assert_int_equal(event->before, carved);
        assert_int_equal(event->number, 1);
        carved = event->after;
    }
    assert_int_equal(carved, capacity);
}

static void a_runs_length_is_told(void)
{
    static const uint8_t kinds[] = {EP__EVENT_RUN_ALLOCATED, EP__EVENT_RUN_RESIZED,
                                    EP__EVENT_RUN_RESIZED, EP__EVENT_RUN_FREED};
    bool is_zero;
    assert_int_equal(ep__event_start(-1), 0);
    char *p = ep__run_alloc(3 * EP__SLOT_BYTES, 1, true, &is_zero);
    assert_non_null(p);
    struct window *window = ep__window_at(0);
    struct pool *pool = ep__pool_at(window, ep__window_slot(window, p));
    assert_true(ep__run_resize(pool, EP__SLOT_BYTES));
    assert_true(ep__run_resize(pool, 2 * EP__SLOT_BYTES));
    ep__run_free(pool);
    expect_changes(kinds, sizeof kinds, pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(every_change_of_a_pool_is_told_with_its_generation),
        alone(ends_of_a_pool_that_are_told_too),
        alone(carving_is_told_page_by_page),
        alone(a_runs_length_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
