/* Type-stable caches: lib/cache/stable.c. */
#include "unit/alone.h"

#include <errno.h>

#include "cache/stable.h"
#include "fake/vm_failing.h"
#include "unit/deferrals.h"
#include "unit/thread.h"

enum { SLABS_MAX = 200, BYTES = 8192 /* 7 blocks a slab */ };

static struct ep_cache *cache;
static char *blocks[SLABS_MAX * 8];

static void make_cache(bool is_stable)
{
    cache = ep__stable_create(BYTES, 0, is_stable, NULL);
    assert_non_null(cache);
    assert_int_equal(cache->shape.blocks, 7);
}

static void *get(void)
{
    char *block = ep__stable_alloc(cache);
    assert_non_null(block);
    memset(block, 0x5a, BYTES);
    return block;
}

/* Fills so many slabs: 7 blocks each, in order. */
static void fill(unsigned slabs)
{
    for (unsigned i = 0; i < slabs * 7; i++)
        blocks[i] = get();
}

static void empty(unsigned from, unsigned slabs)
{
    for (unsigned i = from * 7; i < (from + slabs) * 7; i++)
        ep__stable_free(cache, blocks[i]);
}

static size_t runs_in_use(void)
{
    return check_account().runs_in_use;
}

static void take_one(void *block)
{
    *(void **)block = get();
}

static void free_one(void *block)
{
    ep__stable_free(cache, block);
}

static void a_block_comes_back_at_once_inside_a_section(void)
{
    make_cache(true);
    ep__section_enter();
    char *block = get();
    ep__stable_free(cache, block);
    assert_ptr_equal(ep__stable_alloc(cache), block);
    for (unsigned i = 0; i < BYTES; i++)
        assert_int_equal(block[i], 0x5a);
    ep__section_exit();
}

static void any_thread_frees_and_allocates(void)
{
    void *block;
    make_cache(true);
    fill(1);
    on_thread(free_one, blocks[3]);
    on_thread(take_one, &block);
    assert_ptr_equal(block, blocks[3]);
}

static void one_free_slab_is_kept(void)
{
    make_cache(false);
    fill(1);
    empty(0, 1);
    assert_int_equal(runs_in_use(), 1);
    fill(3);
    empty(0, 3);
    assert_int_equal(runs_in_use(), 1);
    assert_int_equal(ep__stable_destroy(cache), 0);
    assert_int_equal(runs_in_use(), 0);
}

static void memory_waits_for_the_sections_that_may_see_it(void)
{
    make_cache(true);
    fill(3);
    ep__section_enter();
    empty(0, 3);
    assert_int_equal(count_of_own(EP__WAITING_BLOCKS), 2);
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 2);
    assert_int_equal(runs_in_use(), 3);
    assert_int_equal(blocks[0][0], 0x5a);
    ep__section_exit();
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 0);
    assert_int_equal(runs_in_use(), 1);
}

static void without_the_flag_memory_does_not_wait(void)
{
    make_cache(false);
    fill(3);
    ep__section_enter();
    empty(0, 3);
    assert_int_equal(runs_in_use(), 1);
    ep__section_exit();
}

static void a_slab_with_a_block_in_use_stays(void)
{
    make_cache(false);
    fill(3);
    for (unsigned i = 0; i < 21; i++)
        if (i % 7 != 2)
            ep__stable_free(cache, blocks[i]);
    assert_int_equal(runs_in_use(), 3);
    ep__stable_free(cache, blocks[2]);
    assert_int_equal(runs_in_use(), 3);
    ep__stable_free(cache, blocks[9]);
    assert_int_equal(runs_in_use(), 2);
}

static void refused_memory_stays_with_the_cache(void)
{
    (void)ep__option_set(EP__OPTION_DEFERRED_BYTES, 0);
    make_cache(true);
    fill(2);
    empty(0, 2);
    assert_int_equal(count_of_own(EP__REFUSED), 1);
    assert_int_equal(count_of_own(EP__WAITING_BLOCKS), 0);
    assert_int_equal(runs_in_use(), 2);
    fill(2);
    assert_int_equal(runs_in_use(), 2);
}

static void vacant_slabs_are_used_before_new_ones(void)
{
    make_cache(false);
    fill(70);
    empty(0, 70);
    assert_int_equal(ep__load_relaxed(&cache->used), 70);
    fill(70);
    assert_int_equal(ep__load_relaxed(&cache->used), 70);
    for (unsigned i = 0; i < 70 * 7; i++)
        for (unsigned j = 0; j < i; j++)
            assert_ptr_not_equal(blocks[i], blocks[j]);
}

static void a_cache_with_blocks_in_use_is_not_destroyed(void)
{
    make_cache(true);
    fill(2);
    empty(0, 1);
    assert_int_equal(ep__stable_destroy(cache), EBUSY);
    ep__stable_free(cache, blocks[7]);
    assert_ptr_equal(ep__stable_alloc(cache), blocks[7]);
    empty(1, 1);
    assert_int_equal(ep__stable_destroy(cache), 0);
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 0);
    assert_int_equal(runs_in_use(), 0);
}

static void readers_outlive_a_cache(void)
{
    make_cache(true);
    char *block = get();
    ep__section_enter();
    ep__stable_free(cache, block);
    assert_int_equal(ep__stable_destroy(cache), 0);
    (void)ep__deferred_poll(ep__tls.cache);
    assert_int_equal(block[0], 0x5a);
    ep__section_exit();
    assert_int_equal(ep__deferred_poll(ep__tls.cache), 0);
    assert_int_equal(runs_in_use(), 0);
}

/* Whichever call of the system fails, the cache works when memory is there again. */
static void without_memory_nothing_is_lost(void)
{
    bool has_failed = true;
    for (uint64_t call = 1; has_failed; call++) {
        vm_failing_plan(call, 1000);
        cache = ep__stable_create(BYTES, 0, true, NULL);
        errno = 0;
        void *block = cache == NULL ? NULL : ep__stable_alloc(cache);
        has_failed = block == NULL;
        if (cache != NULL && has_failed)
            assert_int_equal(errno, ENOMEM);
        vm_failing_plan(0, 0);
        if (cache == NULL)
            continue;
        if (!has_failed)
            ep__stable_free(cache, block);
        ep__stable_free(cache, get());
        assert_int_equal(ep__load_relaxed(&cache->used), 1);
        assert_int_equal(ep__stable_destroy(cache), 0);
    }
}

static void go_on_in_a_child(void *unused)
{
    (void)unused;
    ep__stable_free(cache, blocks[0]);
    assert_ptr_equal(ep__stable_alloc(cache), blocks[0]);
    empty(0, 2);
    assert_int_equal(ep__stable_destroy(cache), 0);
}

static void a_child_goes_on(void)
{
    make_cache(true);
    fill(2);
    in_child(go_on_in_a_child, NULL);
    empty(0, 2);
}

static void free_here(void *block)
{
    ep__stable_free(cache, block);
}

static void misuse_is_seen(void)
{
    make_cache(true);
    fill(1);
    void *run = ep_malloc(100000);
    memset(run, 0, 100);
    ep__stable_free(cache, blocks[1]);
    assert_true(aborts_saying(free_here, blocks[1],
                              "ep_cache_free() of a block that is free, or into one, at"));
    assert_true(aborts_saying(free_here, blocks[2] + 16,
                              "ep_cache_free() of a block that is free, or into one, at"));
    assert_true(aborts_saying(free_here, run, "ep_cache_free() of what is no block of the cache"));
    assert_true(aborts_saying(free_here, ep_malloc(100),
                              "ep_cache_free() of what is no block of the cache"));
    assert_true(
        aborts_saying(free_here, &cache, "ep_cache_free() of what is no block of the cache"));
    assert_true(aborts_saying(ep_free, blocks[2], "free of a pointer that does not start a block"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_block_comes_back_at_once_inside_a_section),
        alone(any_thread_frees_and_allocates),
        alone(one_free_slab_is_kept),
        alone(memory_waits_for_the_sections_that_may_see_it),
        alone(without_the_flag_memory_does_not_wait),
        alone(a_slab_with_a_block_in_use_stays),
        alone(refused_memory_stays_with_the_cache),
        alone(vacant_slabs_are_used_before_new_ones),
        alone(a_cache_with_blocks_in_use_is_not_destroyed),
        alone(readers_outlive_a_cache),
        alone(without_memory_nothing_is_lost),
        alone(a_child_goes_on),
        alone(misuse_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
