/* Batches, purge, idleness, the options' text: lib/api/control.c. */
#include "unit/alone.h"

#include <epmalloc/epmalloc.h>
#include <errno.h>

#include "cache/cache.h"
#include "fake/vm_failing.h"

enum { BLOCKS = 20000 };
static void *blocks[BLOCKS];

/* The first arena is had, the second is not. */
static void a_batch_ends_where_memory_ends(void)
{
    assert_non_null(ep_malloc(5000));
    vm_failing_plan(1, UINT64_MAX);
    errno = 0;
    size_t got = ep_malloc_batch(5000, BLOCKS, blocks);
    assert_int_equal(errno, ENOMEM);
    vm_failing_plan(0, 0);
    assert_in_range(got, 100, BLOCKS - 1);
    assert_null(blocks[got]);
    for (size_t i = 0; i < got; i++)
        memset(blocks[i], 1, 5000);
    ep_free_batch(blocks, got);
    assert_int_equal(ep_malloc_batch(5000, BLOCKS, blocks), BLOCKS);
}

static void an_idle_thread_holds_no_blocks(void)
{
    ep_free_batch(blocks, ep_malloc_batch(64, 1000, blocks));
    ep_thread_idle();
    for (unsigned i = 0; i <= EP__SMALL_CLASSES; i++)
        assert_null(ep__tls.heads[i]);
    struct ep_stats account;
    assert_int_equal(ep_stats(&account, sizeof account), 0);
    assert_int_equal(account.blocks_in_use, 0);
    assert_int_equal(account.available_bytes, 0);
}

static void a_purge_leaves_nothing_dirty(void)
{
    struct ep_stats account;
    ep_free_batch(blocks, ep_malloc_batch(8000, 2000, blocks));
    ep_thread_idle();
    /* The idle call has purged down to the bound. */
    assert_int_equal(ep_stats(&account, sizeof account), 0);
    assert_in_range(account.dirty_bytes, 1, (size_t)8 << 20);
    assert_in_range(ep_purge(), 1, (size_t)8 << 20);
    assert_int_equal(ep_stats(&account, sizeof account), 0);
    assert_int_equal(account.dirty_bytes, 0);
    assert_int_equal(account.arenas, 0);
}

static void a_purge_that_the_kernel_refuses_gives_nothing(void)
{
    struct ep_stats account;
    ep_free_batch(blocks, ep_malloc_batch(8000, 500, blocks));
    ep_thread_idle();
    vm_failing_plan(1, UINT64_MAX);
    assert_int_equal(ep_purge(), 0);
    vm_failing_plan(0, 0);
    assert_int_equal(ep_stats(&account, sizeof account), 0);
    assert_int_equal(account.total_bytes, account.arena_bytes);
    char *p = ep_calloc(1, 8000);
    for (unsigned i = 0; i < 8000; i++)
        assert_int_equal(p[i], 0);
}

static void the_options_are_shown_to_a_thread_that_has_not_allocated(void)
{
    char text[512];
    assert_true(ep_options(text, sizeof text) < sizeof text);
    assert_non_null(strstr(text, "keep_empty:1,"));
    assert_null(ep__tls.cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_batch_ends_where_memory_ends),
        alone(an_idle_thread_holds_no_blocks),
        alone(a_purge_leaves_nothing_dirty),
        alone(a_purge_that_the_kernel_refuses_gives_nothing),
        alone(the_options_are_shown_to_a_thread_that_has_not_allocated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
