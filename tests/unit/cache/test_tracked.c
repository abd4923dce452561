/* Tracked blocks: lib/cache/tracked.c, with a kernel that refuses. */
#include "unit/alone.h"

#include <epmalloc/epmalloc.h>
#include <pthread.h>

#include "cache/tracked.h"
#include "fake/vm_failing.h"
#include "unit/caches.h"
#include "unit/thread.h"

enum { CLASS = 9, BLOCKS = 1000 };

/* Of each kind: a block of a one-slot and a four-slot pool, a run, a huge block. */
static const size_t sizes[] = {1, 100, 3000, 30000, 200000, 3000000};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static void *blocks[BLOCKS];
static unsigned freed;
static struct tracked last;
static bool wants_kept;

static void *allocate(size_t size, size_t alignment, bool *is_zero)
{
    struct tracking tracking = {.size = size, .alignment = alignment, .weight = 77, .stack = 5};
    return ep__tracked_alloc(&tracking, is_zero);
}

static void *allocate_guarded(size_t size, size_t alignment, bool *is_zero)
{
    struct tracking tracking = {.size = size,
                                .alignment = alignment,
                                .front = alignment < 16 ? 16 : alignment,
                                .back = 8,
                                .flags = EP__TRACKED_EXACT};
    if (tracking.front > 4096)
        tracking.front = 0;
    return ep__tracked_alloc(&tracking, is_zero);
}

static void note_freed(const struct tracked *tracked)
{
    freed++;
    last = *tracked;
}

static bool keeps(const struct tracked *tracked)
{
    (void)tracked;
    return wants_kept;
}

static const struct watch watching = {.allocate = allocate, .freed = note_freed, .keeps = keeps};
static const struct watch guarding = {
    .allocate = allocate_guarded, .freed = note_freed, .keeps = keeps};

static struct tracked read_of(const void *p)
{
    struct tracked copy;
    struct found found = ep__lookup(p);
    assert_true(ep__tracked_read(p, &found, &copy));
    return copy;
}

static void every_kind_of_block_has_a_record(void)
{
    ep__watch_set(&watching);
    for (unsigned i = 0; i < SIZES; i++) {
        char *p = ep_malloc(sizes[i]);
        memset(p, 0x5a, ep_usable_size(p));
        struct tracked copy = read_of(p);
        assert_ptr_equal(copy.address, p);
        assert_int_equal(copy.size, sizes[i]);
        assert_int_equal(copy.serial, i + 1);
        assert_int_equal(copy.weight, 77);
        assert_int_equal(copy.stack, 5);
        assert_int_equal(copy.thread, gettid());
        assert_true(copy.time_ns != 0);
        assert_true(ep_owns(p));
        assert_false(ep_owns(p + 16));
        assert_true(ep_usable_size(p) >= sizes[i]);
        ep_free(p);
        assert_int_equal(freed, i + 1);
        assert_int_equal(last.serial, copy.serial);
        assert_false(ep_owns(p));
    }
}

static void a_tracked_pool_is_never_a_threads(void)
{
    ep__watch_set(&watching);
    for (unsigned i = 0; i < BLOCKS; i++) {
        blocks[i] = get_block(CLASS);
        struct found found = ep__lookup(blocks[i]);
        assert_int_equal(found.what, EP__FOUND_TRACKED);
        assert_int_equal(mapped_owner(found.pool), EP__OWNER_NOBODY);
        assert_int_not_equal(state_of(found.pool), EP__OWNED);
    }
    assert_true(owns_nothing(ep__thread_cache()));
    assert_int_equal(check_account().blocks_in_use, BLOCKS);
    assert_int_equal(check_account().uncertain_bytes, 0);
    for (unsigned i = 0; i < BLOCKS; i++)
        ep_free(blocks[i]);
    assert_true(owns_nothing(ep__thread_cache()));
    assert_int_equal(check_account().blocks_in_use, 0);
    assert_int_equal(check_account().unused_pools, check_account().arenas * EP__ARENA_SLOTS);
}

/* What is free in a tracked pool is not found by who looks for an ordinary one, nor the other way round. */
static void tracked_and_ordinary_pools_are_kept_apart(void)
{
    ep__watch_set(&watching);
    void *tracked = get_block(CLASS);
    ep__watch_set(NULL);
    void *ordinary = get_block(CLASS);
    struct found found = ep__lookup(ordinary);
    assert_int_equal(found.what, EP__FOUND_BLOCK);
    ep_thread_idle();
    assert_int_equal(state_of(found.pool), EP__PARTIAL);
    ep__watch_set(&watching);
    void *another = get_block(CLASS);
    assert_ptr_equal(ep__lookup(another).pool, ep__lookup(tracked).pool);
    ep__watch_set(NULL);
    assert_ptr_equal(ep__lookup(get_block(CLASS)).pool, found.pool);
    ep_free(tracked);
    ep_free(another);
    assert_int_equal(check_account().blocks_in_use, 2);
}

static void free_it(void *p)
{
    ep_free(p);
}

static void anybody_frees_it_and_nobody_adopts(void)
{
    ep__watch_set(&watching);
    uint32_t capacity = ep__size_classes[CLASS].capacity;
    for (uint32_t i = 0; i < capacity; i++)
        blocks[i] = get_block(CLASS);
    struct pool *pool = ep__lookup(blocks[0]).pool;
    for (uint32_t i = 0; i < capacity; i++) {
        if (ep__lookup(blocks[i]).pool == pool)
            on_thread(free_it, blocks[i]);
        else
            ep_free(blocks[i]);
        assert_int_equal(mapped_owner(pool), EP__OWNER_NOBODY);
        assert_int_not_equal(state_of(pool), EP__OWNED);
    }
    assert_int_equal(check_account().blocks_in_use, 0);
}

static void what_is_kept_comes_back_when_the_watcher_says(void)
{
    ep__watch_set(&watching);
    wants_kept = true;
    for (unsigned i = 0; i < SIZES; i++) {
        void *p = ep_malloc(sizes[i]);
        ep_free(p);
        struct tracked kept = last;
        assert_int_equal(kept.state, EP__RECORD_KEPT);
        assert_false(ep_owns(p));
        uint64_t in_use = check_account().allocated_bytes;
        assert_true(in_use >= sizes[i]);
        assert_true(ep__tracked_give_back(&kept));
        assert_true(check_account().allocated_bytes <= in_use - sizes[i]);
        assert_false(sizes[i] < 100000 && ep__tracked_give_back(&kept));
    }
}

static void a_guarded_block_has_just_what_was_asked_for(void)
{
    ep__watch_set(&guarding);
    for (size_t alignment = 1; alignment <= (size_t)1 << 23; alignment *= 8) {
        for (unsigned i = 0; i < SIZES; i++) {
            char *p = ep_aligned_alloc(alignment, sizes[i]);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % alignment, 0);
            assert_int_equal(ep_usable_size(p), sizes[i]);
            memset(p, 0x5a, sizes[i]);
            struct tracked copy = read_of(p);
            assert_true(copy.front >= 16 || alignment > 4096);
            p = ep_realloc(p, sizes[i] + 1);
            assert_int_equal(p[sizes[i] - 1], 0x5a);
            assert_int_equal(ep_usable_size(p), sizes[i] + 1);
            ep_free_sized(p, sizes[i] + 1);
        }
    }
    assert_int_equal(check_account().blocks_in_use, 0);
    assert_int_equal(check_account().allocated_bytes, 0);
}

static void size_zero_is_a_block_too(void)
{
    ep__watch_set(&guarding);
    char *p = ep_malloc(0);
    assert_true(ep_owns(p));
    assert_int_equal(ep_usable_size(p), 0);
    p = ep_realloc(p, 10);
    assert_int_equal(ep_usable_size(p), 10);
    ep_free(p);
}

static void calloc_is_zero_and_a_sampled_big_block_is_not_touched(void)
{
    ep__watch_set(&watching);
    for (unsigned i = 0; i < SIZES; i++) {
        for (unsigned round = 0; round < 2; round++) {
            char *p = ep_calloc(1, sizes[i]);
            for (size_t j = 0; j < sizes[i]; j++)
                assert_int_equal(p[j], 0);
            memset(p, 0x5a, sizes[i]);
            ep_free(p);
        }
    }
}

static void realloc_in_place_ends_the_record(void)
{
    ep__watch_set(&watching);
    char *p = ep_malloc(3000000);
    p[0] = 1;
    p = ep_realloc(p, 30000000);
    assert_int_equal(p[0], 1);
    assert_int_equal(freed, 1);
    assert_int_equal(last.size, 3000000);
    struct tracked copy;
    struct found found = ep__lookup(p);
    assert_false(ep__tracked_read(p, &found, &copy));
    ep_free(p);
    assert_int_equal(freed, 1);
}

static void a_deferred_free_of_a_tracked_block_is_done_once(void)
{
    ep__watch_set(&guarding);
    for (unsigned i = 0; i < SIZES; i++)
        assert_int_equal(ep_free_deferred(ep_malloc(sizes[i])), 0);
    assert_int_equal(ep_epoch_barrier(), 0);
    assert_int_equal(freed, SIZES);
    assert_int_equal(check_account().allocated_bytes, 0);
}

static void free_twice(void *p)
{
    ep_free(p);
    ep_free(p);
}

static void free_inside(void *p)
{
    ep_free((char *)p + 1);
}

static void free_with_a_wrong_size(void *p)
{
    ep_free_sized(p, 12);
}

static void realloc_freed(void *p)
{
    ep_free(p);
    p = ep_realloc(p, 100);
}

static void misuse_is_found_at_once(void)
{
    ep__watch_set(&guarding);
    wants_kept = true;
    (void)get_block(0);
    for (unsigned i = 0; i < SIZES; i++) {
        void *p = ep_malloc(sizes[i]);
        assert_true(aborts_saying(free_twice, p, "double free of 0x"));
        assert_true(aborts_saying(free_inside, p, "free of a pointer that does not start a block"));
        assert_true(aborts_saying(free_with_a_wrong_size, p, "sized free with a wrong size"));
        assert_true(aborts_saying(realloc_freed, p, "realloc of a pointer that does not start"));
    }
}

static void *churn(void *unused)
{
    for (unsigned i = 0; i < 20 * BLOCKS; i++) {
        char *p = ep_malloc(16 + i % 300);
        *p = 1;
        ep_free(p);
    }
    return unused;
}

static const struct watch only_watching = {.allocate = allocate};

static void threads_share_tracked_pools(void)
{
    pthread_t threads[4];
    ep__watch_set(&only_watching);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, NULL), 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(check_account().blocks_in_use, 0);
}

static void without_memory_for_records_the_block_is_not_tracked(void)
{
    void *p = ep_malloc(100);
    ep__watch_set(&watching);
    vm_failing_plan(1, UINT64_MAX);
    p = ep_malloc(200);
    assert_non_null(p);
    assert_int_equal(ep__lookup(p).what, EP__FOUND_BLOCK);
    vm_failing_plan(0, 0);
    assert_int_equal(check_account().blocks_in_use, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(every_kind_of_block_has_a_record),
        alone(a_tracked_pool_is_never_a_threads),
        alone(tracked_and_ordinary_pools_are_kept_apart),
        alone(anybody_frees_it_and_nobody_adopts),
        alone(what_is_kept_comes_back_when_the_watcher_says),
        alone(a_guarded_block_has_just_what_was_asked_for),
        alone(size_zero_is_a_block_too),
        alone(calloc_is_zero_and_a_sampled_big_block_is_not_touched),
        alone(realloc_in_place_ends_the_record),
        alone(a_deferred_free_of_a_tracked_block_is_done_once),
        alone(misuse_is_found_at_once),
        alone(threads_share_tracked_pools),
        alone(without_memory_for_records_the_block_is_not_tracked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
