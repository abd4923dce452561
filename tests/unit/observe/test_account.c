/* The account: lib/observe/account.c.  tests/api/test_account.c compares it with what a program did; here are
 * the states of pools and slots one by one.
 *
 * Length: above 400 lines, because each state and each event has its test. */
#include "unit/alone.h"

#include <errno.h>

#include "observe/account.h"
#include "sys/vm.h"
#include "unit/caches.h"
#include "unit/memory.h"
#include "unit/thread.h"

enum { CLASS = 31, BLOCKS = 20000 };

static void *blocks[BLOCKS];

static struct account taken;

/* Of every class: its blocks are those of its pools, and what the pools do not hold in blocks is lost. */
static size_t check_class(const struct ep_class *class, const struct size_class *size)
{
    size_t pools = class->pools_owned + class->pools_full + class->pools_partial;
    size_t blocks = class->blocks_in_use + class->blocks_available;
    assert_int_equal(class->block_bytes, size->bytes);
    assert_int_equal(blocks, pools * size->capacity);
    assert_true(class->blocks_uncertain <= class->blocks_in_use);
    assert_int_equal(blocks * size->bytes + class->quantization_bytes, (pools * size->slots)
                                                                           << EP__SLOT_LOG2);
    return (pools * size->slots) << EP__SLOT_LOG2;
}

/* Classes, runs, slots and mappings are all there is, to the byte. */
static void check_sums(const struct account *account)
{
    size_t bytes = account->totals.run_bytes + account->totals.unused_pool_bytes +
                   account->totals.unaccounted_bytes + account->totals.huge_bytes +
                   account->totals.huge_cached_bytes;
    for (unsigned i = 0; i < EP__CLASSES; i++)
        bytes += check_class(&account->classes[i], &ep__size_classes[i]);
    assert_int_equal(bytes, account->totals.mapped_bytes);
    assert_int_equal(account->totals.allocated_bytes, account->totals.in_use_bytes +
                                                          account->totals.run_bytes +
                                                          account->totals.huge_bytes);
    assert_true(account->totals.allocated_bytes <= account->totals.active_bytes);
    assert_true(account->totals.active_bytes <= account->totals.mapped_bytes);
    assert_true(account->totals.retained_bytes <= account->totals.resident_bytes);
}

static struct ep_stats take(void)
{
    ep__account_take(&taken);
    check_sums(&taken);
    struct ep_stats account = taken.totals;
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

/* A pool of the class has 128 blocks, which are carved a page at a time. */
enum { POOL_BLOCKS = 128, ADOPTED = 20, SENT = 5 };

static void free_into_a_full_and_an_owned_pool(void *unused)
{
    (void)unused;
    free_all(blocks, ADOPTED);
    free_all(blocks + POOL_BLOCKS, SENT);
}

static const struct ep_class *look_at_class(void)
{
    (void)take();
    return &taken.classes[CLASS];
}

static void events_are_counted_for_their_class_and_outlive_their_threads(void)
{
    struct puppet other;
    size_t page_blocks = ep__vm_page_bytes() / size_of_class(CLASS);
    size_t refills = 2 * POOL_BLOCKS / page_blocks;
    assert_int_equal(get_pools(CLASS, 2, blocks), 2 * POOL_BLOCKS);
    const struct ep_class *class = look_at_class();
    assert_int_equal(class->refills, refills);
    assert_int_equal(class->pools_acquired, 2);
    assert_int_equal(class->pools_owned, 1);
    assert_int_equal(class->pools_full, 1);
    assert_int_equal(class->remote_batches + class->pools_adopted + class->pools_claimed, 0);

    /* The first free adopts the full pool; the others into it are local.  Those into ours are a batch. */
    puppet_begin(&other);
    puppet_do(&other, free_into_a_full_and_an_owned_pool, NULL);
    class = look_at_class();
    assert_int_equal(class->pools_adopted, 1);
    assert_int_equal(class->remote_batches, 1);
    assert_int_equal(class->remote_blocks, 1);
    assert_int_equal(taken.totals.withheld_bytes, SENT * size_of_class(CLASS));
    assert_true(taken.totals.held_bytes >= ADOPTED * size_of_class(CLASS));
    assert_int_equal(taken.totals.threads, 2);
    puppet_end(&other);
    class = look_at_class();
    assert_int_equal(class->remote_batches, 2);
    assert_int_equal(class->remote_blocks, 1 + SENT);
    assert_int_equal(class->pools_partial, 1);
    assert_int_equal(class->blocks_in_use, 2 * POOL_BLOCKS - ADOPTED - SENT);
    assert_int_equal(taken.totals.held_bytes + taken.totals.withheld_bytes, 0);
    assert_int_equal(taken.totals.threads, 1);
    assert_int_equal(taken.totals.threads_born, 2);

    /* What was sent comes back first, then the other pool is claimed. */
    for (unsigned i = 0; i < SENT + 1; i++)
        (void)get_block(CLASS);
    class = look_at_class();
    assert_int_equal(class->pools_claimed, 1);
    assert_int_equal(class->pools_acquired, 2);
    assert_int_equal(class->refills, refills + 2);
    assert_int_equal(taken.totals.refills, class->refills);
    assert_int_equal(taken.totals.remote_blocks, class->remote_blocks);
    assert_int_equal(taken.totals.pools_adopted, 1);
}

static void allocate_after_the_end(void *argument)
{
    (void)argument;
    ep__tls.has_exited = 1;
    void *p = get_block(CLASS);
    blocks[0] = get_block(CLASS);
    ep_free(p);
}

static void threads_without_a_control_block_are_counted_together(void)
{
    on_thread(allocate_after_the_end, NULL);
    const struct ep_class *class = look_at_class();
    assert_int_equal(class->refills, 2);
    assert_int_equal(class->pools_acquired + class->pools_claimed, 2);
    assert_int_equal(class->remote_batches, 1);
    assert_int_equal(class->remote_blocks, 1);
    assert_int_equal(class->blocks_in_use, 1);
    assert_int_equal(taken.totals.threads_born, 0);
}

static void what_is_purged_is_counted_by_call_and_byte(void)
{
    struct arena *arena = make_arena();
    ep__arena_mark_touched(arena, 10, 2 * EP__SLOT_BYTES);
    ep__arena_mark_touched(arena, 20, 1);
    keep_everything();
    /* make_arena has touched all slots: they go in one range. */
    ep__arena_release(arena, 0, EP__ARENA_SLOTS);
    assert_int_equal(take().purges, 0);
    (void)ep__retire_purge_all(NULL);
    struct ep_stats account = take();
    assert_int_equal(account.purges, 1);
    assert_int_equal(account.purge_calls, 1);
    assert_int_equal(account.purged_bytes, EP__ARENA_BYTES);
    (void)ep__retire_purge_all(NULL);
    assert_int_equal(take().purges, 2);
    assert_int_equal(take().purge_calls, 1);
}

static void grace_periods_and_deferred_calls_are_counted(void)
{
    assert_true(ep__option_set(EP__OPTION_HUGE_CACHE, 0));
    void *p = ep_malloc(3 << 20);
    struct cache *cache = ep__thread_cache();
    ep__epoch_enter(&cache->epoch);
    ep_free(p);
    assert_int_equal(take().deferred_calls, 1);
    assert_int_equal(take().grace_periods, 0);
    ep__epoch_exit(&cache->epoch);
    ep__epoch_poll(&cache->epoch);
    assert_int_equal(take().deferred_calls, 0);
    assert_int_equal(take().grace_periods, 1);
}

static void what_can_be_resident_is_what_was_touched(void)
{
    (void)get_block(CLASS);
    struct ep_stats account = take();
    assert_int_equal(account.resident_bytes, EP__SLOT_BYTES + account.metadata_bytes);
    void *huge = ep_malloc(3 << 20);
    assert_int_equal(take().resident_bytes - account.resident_bytes, 3 << 20);
    assert_int_equal(take().active_bytes, EP__SLOT_BYTES + (3 << 20));
    assert_int_equal(take().allocated_bytes, size_of_class(CLASS) + (3 << 20));
    ep_free(huge);
    assert_int_equal(take().retained_bytes, 3 << 20);
    assert_int_equal(take().active_bytes, EP__SLOT_BYTES);
    assert_int_equal(take().mapped_bytes, EP__ARENA_BYTES + (3 << 20));
}

static void an_arena_has_an_age_and_a_bucket(void)
{
    struct ep_arena shown;
    (void)get_block(CLASS);
    struct arena *arena = ep__arena_at(ep__window_at(0), 0);
    ep__store_relaxed(&arena->created_ms, ep__load_relaxed(&arena->created_ms) - 5000);
    ep__account_arena(0, arena, &shown);
    assert_in_range(shown.age_ms, 5000, 3600000);
    assert_int_equal(shown.free_pools, EP__ARENA_SLOTS - 1);
    assert_int_equal(shown.dirty_pools, 0);
    assert_int_equal(shown.occupancy, bucket_of(arena));
    assert_int_equal(shown.free_mask, free_word(arena));
    assert_int_equal(shown.dirty_mask, dirty_word(arena));
    assert_ptr_equal(shown.start, ep__arena_base(arena));
    /* A clock that was read before the arena was made: no age. */
    ep__store_relaxed(&arena->created_ms, UINT64_MAX);
    ep__account_arena(0, arena, &shown);
    assert_int_equal(shown.age_ms, 0);
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
        alone(events_are_counted_for_their_class_and_outlive_their_threads),
        alone(threads_without_a_control_block_are_counted_together),
        alone(what_is_purged_is_counted_by_call_and_byte),
        alone(grace_periods_and_deferred_calls_are_counted),
        alone(what_can_be_resident_is_what_was_touched),
        alone(an_arena_has_an_age_and_a_bucket),
        alone(nowhere_to_write_is_an_error_and_nothing_else_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
