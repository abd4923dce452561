/* The account: lib/observe/account.c.  tests/api/test_account.c compares it with what a program did; here are
 * the states of pools and slots one by one. */
#include "unit/alone.h"

#include <errno.h>

#include "observe/account.h"
#include "sys/vm.h"
#include "unit/caches.h"
#include "unit/memory.h"
#include "unit/thread.h"

enum { CLASS = 31, BLOCKS = 20000 };

static void *blocks[BLOCKS];

static struct ep_stats take(void)
{
    struct ep_stats account;
    ep__account_take(&account);
    assert_int_equal(account.total_bytes, account.in_use_bytes + account.available_bytes +
                                              account.run_bytes + account.unused_pool_bytes +
                                              account.quantization_bytes +
                                              account.unaccounted_bytes);
    assert_int_equal(account.total_bytes, account.arena_bytes);
    assert_int_equal(account.arena_bytes, account.arenas * EP__ARENA_BYTES);
    assert_int_equal(account.unused_pool_bytes, account.unused_pools * EP__SLOT_BYTES);
    assert_true(account.uncertain_bytes <= account.in_use_bytes);
    return account;
}

static void an_unused_heap_is_empty_and_is_not_begun_by_the_question(void)
{
    struct ep_stats account = take();
    assert_true(is_all(&account, sizeof account, 0));
    assert_null(ep__window_at(0));
    assert_null(ep__tls.cache);
}

static void a_block_of_every_class_is_counted_with_what_its_pool_loses(void)
{
    size_t bytes = 0;
    size_t lost = 0;
    size_t available = 0;
    unsigned slots = 0;
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        const struct size_class *size = &ep__size_classes[class];
        (void)get_block(class);
        bytes += size->bytes;
        available += (size->capacity - 1UL) * size->bytes;
        lost += ((size_t)size->slots << EP__SLOT_LOG2) - (size_t)size->capacity * size->bytes;
        slots += size->slots;
        struct ep_stats account = take();
        assert_int_equal(account.blocks_in_use, class + 1);
        assert_int_equal(account.in_use_bytes, bytes);
        assert_int_equal(account.available_bytes, available);
        assert_int_equal(account.quantization_bytes, lost);
        assert_int_equal(account.unused_pools, account.arenas * EP__ARENA_SLOTS - slots);
        assert_int_equal(account.uncertain_bytes, 0);
        assert_int_equal(account.unaccounted_bytes, 0);
    }
}

static void runs_and_huge_blocks_are_counted_apart(void)
{
    assert_non_null(ep_malloc(100000));
    assert_non_null(ep_malloc(EP__RUN_BYTES_MAX));
    assert_non_null(ep_malloc(3 << 20));
    struct ep_stats account = take();
    assert_int_equal(account.runs_in_use, 2);
    assert_int_equal(account.run_bytes, (2 + 16) * EP__SLOT_BYTES);
    assert_int_equal(account.blocks_in_use, 0);
    assert_int_equal(account.huge_blocks, 1);
    assert_int_equal(account.huge_bytes, 3 << 20);
    assert_int_equal(account.huge_cached_bytes, 0);
}

static void a_pool_of_each_state_is_counted_from_its_word(void)
{
    struct block *all[CAPACITY_MAX];
    size_t bytes = size_of_class(CLASS);
    struct pool *pool = make_full(CLASS, all);
    uint32_t capacity = capacity_of(pool);
    assert_int_equal(take().blocks_in_use, capacity);
    (void)push_blocks(pool, all, 5, false);
    assert_int_equal(take().blocks_in_use, capacity - 5);
    assert_int_equal(take().available_bytes, 5 * bytes);
    assert_int_equal(take().uncertain_bytes, 0);
    struct block *chain = NULL;
    assert_true(claim(pool, CLASS, &chain));
    /* Owned by nobody that the map knows: only what is on the word is certainly free. */
    assert_int_equal(take().uncertain_bytes, capacity * bytes);
    assert_int_equal(take().in_use_bytes, capacity * bytes);
    (void)push_blocks(pool, all + 5, 3, false);
    assert_int_equal(take().available_bytes, 3 * bytes);
    assert_int_equal(take().uncertain_bytes, (capacity - 3) * bytes);
}

static void own_pools_are_counted_by_their_lists_wherever_they_are(void)
{
    keep_full(CLASS);
    unsigned live = get_pools(CLASS, 5, blocks);
    assert_int_equal(take().blocks_in_use, live);
    for (unsigned i = 0; i < 5 * ep__size_classes[CLASS].capacity; i++) {
        ep_free(blocks[(uint64_t)i * 7919 % (5 * ep__size_classes[CLASS].capacity)]);
        live--;
        if (i % 17 == 0) {
            struct ep_stats account = take();
            assert_int_equal(account.blocks_in_use, live);
            assert_int_equal(account.uncertain_bytes, 0);
        }
    }
    assert_int_equal(take().blocks_in_use, 0);
}

struct question {
    unsigned first;
    unsigned count;
    struct ep_stats answer;
};

static void free_and_ask(void *argument)
{
    struct question *question = argument;
    free_all(blocks + question->first, question->count);
    question->answer = take();
}

static void withheld_blocks_are_free_ones_to_who_withholds_them(void)
{
    struct puppet freer;
    struct question question = {.first = 0, .count = 3};
    for (unsigned i = 0; i < 10; i++)
        blocks[i] = get_block(3);
    puppet_begin(&freer);
    puppet_do(&freer, free_and_ask, &question);
    assert_int_equal(count_of(pool_of(blocks[5])), 0);
    assert_int_equal(question.answer.available_bytes, 3 * size_of_class(3));
    assert_int_equal(question.answer.uncertain_bytes, question.answer.in_use_bytes);
    /* The owner sees them as live until they are sent. */
    assert_int_equal(take().blocks_in_use, 10);
    puppet_end(&freer);
    assert_int_equal(take().blocks_in_use, 7);
}

static void blocks_withheld_from_a_partial_pool_are_free_ones_and_none_is_uncertain(void)
{
    struct block *all[CAPACITY_MAX];
    struct puppet freer;
    struct question question = {.first = 0, .count = 3};
    struct pool *pool = make_full(3, all);
    (void)push_blocks(pool, all + 3, capacity_of(pool) - 3, false);
    memcpy(blocks, all, 3 * sizeof blocks[0]);
    puppet_begin(&freer);
    puppet_do(&freer, free_and_ask, &question);
    assert_int_equal(question.answer.blocks_in_use, 0);
    assert_int_equal(question.answer.uncertain_bytes, 0);
    assert_int_equal(question.answer.available_bytes, capacity_of(pool) * size_of_class(3));
    /* To others they are live. */
    assert_int_equal(take().blocks_in_use, 3);
    puppet_end(&freer);
    assert_int_equal(take().blocks_in_use + take().available_bytes, 0);
}

static void idle(void *unused)
{
    (void)unused;
    ep_thread_idle();
}

static void fill(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = get_block(i % 60);
    for (unsigned i = 0; i < BLOCKS; i += 2)
        ep_free(blocks[i]);
}

static void other_threads_pools_are_uncertain_until_they_rest(void)
{
    struct puppet other;
    puppet_begin(&other);
    puppet_do(&other, fill, NULL);
    struct ep_stats account = take();
    assert_true(account.blocks_in_use >= BLOCKS / 2);
    assert_true(account.uncertain_bytes > 0);
    puppet_do(&other, idle, NULL);
    account = take();
    assert_int_equal(account.blocks_in_use, BLOCKS / 2);
    assert_int_equal(account.uncertain_bytes, 0);
    puppet_end(&other);
    assert_int_equal(take().blocks_in_use, BLOCKS / 2);
}

static void slots_in_transition_are_unaccounted(void)
{
    void *p = get_block(CLASS);
    struct arena *arena = pool_of(p)->arena;
    uint64_t held = ep__arena_take_free(arena, UINT64_C(0xff) << 20);
    assert_int_equal(held, UINT64_C(0xff) << 20);
    assert_int_equal(take().unaccounted_bytes, 8 * EP__SLOT_BYTES);
    ep__arena_give_free(arena, held);
    assert_int_equal(take().unaccounted_bytes, 0);
}

static void arenas_are_counted_through_their_lives(void)
{
    struct arena *arenas[3];
    keep_everything();
    for (unsigned i = 0; i < 3; i++)
        arenas[i] = make_arena();
    struct ep_stats account = take();
    assert_int_equal(account.arenas, 3);
    assert_int_equal(account.arenas_created, 3);
    assert_int_equal(account.arenas_retired, 0);
    assert_int_equal(account.unaccounted_bytes, 3 * EP__ARENA_BYTES);
    for (unsigned i = 0; i < 3; i++)
        ep__arena_release(arenas[i], 0, EP__ARENA_SLOTS);
    account = take();
    assert_int_equal(account.unused_pools, 3 * EP__ARENA_SLOTS);
    assert_int_equal(account.dirty_bytes, 3 * EP__ARENA_BYTES);
    (void)ep__retire_purge_all(NULL);
    account = take();
    assert_int_equal(account.arenas, 0);
    assert_int_equal(account.retired_arenas, 3);
    assert_int_equal(account.arenas_retired, 3);
    assert_int_equal(account.dirty_bytes, 0);
    (void)make_arena();
    account = take();
    assert_int_equal(account.arenas, 1);
    assert_int_equal(account.retired_arenas, 2);
    assert_int_equal(account.arenas_created, 4);
    assert_int_equal(account.arenas_highwater, 3);
}

static void arenas_of_every_window_are_counted(void)
{
    (void)get_block(CLASS);
    ep__windows_close();
    ep_thread_idle();
    (void)get_block(CLASS);
    assert_non_null(ep__window_at(1));
    struct ep_stats account = take();
    assert_int_equal(account.arenas, 2);
    assert_int_equal(account.blocks_in_use, 2);
}

static void metadata_is_what_is_touched_outside_arenas(void)
{
    (void)get_block(CLASS);
    struct ep_stats account = take();
    assert_true(account.metadata_bytes >=
                sizeof(struct cache) + EP__ARENA_SLOTS * EP__DESCRIPTOR_BYTES);
    size_t before = account.metadata_bytes;
    (void)make_arena();
    assert_true(take().metadata_bytes > before);
}

static void asking_touches_no_page_of_an_arena(void)
{
    (void)get_block(CLASS);
    char *base = ep__arena_base(ep__arena_at(ep__window_at(0), 0));
    size_t resident = ep__vm_resident_bytes(base, EP__ARENA_BYTES);
    (void)take();
    assert_int_equal(ep__vm_resident_bytes(base, EP__ARENA_BYTES), resident);
}

static void asking_inside_a_section_leaves_it_open(void)
{
    struct cache *cache = ep__thread_cache();
    ep__epoch_enter(&cache->epoch);
    (void)take();
    assert_int_equal(cache->epoch.record.active, 1);
    ep__epoch_exit(&cache->epoch);
    (void)take();
    assert_int_equal(cache->epoch.record.active, 0);
}

static void nowhere_to_write_is_an_error_and_nothing_else_is(void)
{
    struct ep_stats account;
    errno = EDOM;
    assert_int_equal(ep_stats(&account, sizeof account), 0);
    assert_int_equal(errno, EDOM);
    assert_int_equal(ep_stats(NULL, sizeof account), -1);
    assert_int_equal(errno, EINVAL);
    errno = 0;
    assert_int_equal(ep_stats(&account, 0), -1);
    assert_int_equal(errno, EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(an_unused_heap_is_empty_and_is_not_begun_by_the_question),
        alone(a_block_of_every_class_is_counted_with_what_its_pool_loses),
        alone(runs_and_huge_blocks_are_counted_apart),
        alone(a_pool_of_each_state_is_counted_from_its_word),
        alone(own_pools_are_counted_by_their_lists_wherever_they_are),
        alone(withheld_blocks_are_free_ones_to_who_withholds_them),
        alone(blocks_withheld_from_a_partial_pool_are_free_ones_and_none_is_uncertain),
        alone(other_threads_pools_are_uncertain_until_they_rest),
        alone(slots_in_transition_are_unaccounted),
        alone(arenas_are_counted_through_their_lives),
        alone(arenas_of_every_window_are_counted),
        alone(metadata_is_what_is_touched_outside_arenas),
        alone(asking_touches_no_page_of_an_arena),
        alone(asking_inside_a_section_leaves_it_open),
        alone(nowhere_to_write_is_an_error_and_nothing_else_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
