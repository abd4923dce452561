/* Forked children: lib/cache/fork.c, with a kernel that refuses. */
#include "unit/alone.h"

#include "cache/batch.h"
#include "cache/fork.h"
#include "cache/ids.h"
#include "fake/vm_failing.h"
#include "unit/caches.h"
#include "unit/memory.h"
#include "unit/thread.h"

enum { CLASS = 31 /* 512 bytes */, BLOCKS = 2000 };

static void *blocks[BLOCKS];
static void *others[BLOCKS];
static uint32_t other_tag;

/* What the other thread does: it has pools with blocks in use, some free, and goes on living. */
static void work(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < BLOCKS; i++)
        others[i] = get_block(i % 3 ? CLASS : i % EP__CLASSES);
    for (unsigned i = 0; i < BLOCKS; i += 4) {
        ep_free(others[i]);
        others[i] = NULL;
    }
    other_tag = ep__tls.tag;
}

static void work_here(void)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = get_block(i % EP__CLASSES);
    for (unsigned i = 0; i < BLOCKS; i += 2) {
        ep_free(blocks[i]);
        blocks[i] = NULL;
    }
}

static void check_numbers(void *number)
{
    uint64_t next = *(uint64_t *)number + 1;
    assert_int_equal(ep__fork_look(NULL), next);
    assert_int_equal(ep__fork_look(ep__tls.cache), next);
    assert_int_equal(ep__load_relaxed(&ep__tls.cache->epoch.process), next);
    if (next < 5)
        in_child(check_numbers, &next);
    assert_int_equal(ep__fork_look(NULL), next);
}

static void every_child_is_recognised(void)
{
    (void)ep__thread_cache();
    uint64_t number = ep__fork_look(ep__tls.cache);
    assert_int_equal(ep__fork_look(NULL), number);
    in_child(check_numbers, &number);
    in_child(check_numbers, &number);
    assert_int_equal(ep__fork_look(NULL), number);
}

static void a_child_that_runs_no_handlers_is_recognised_too(void)
{
    int status = -1;
    (void)ep__thread_cache();
    uint64_t number = ep__fork_look(NULL);
    pid_t process = _Fork();
    if (process == 0)
        _exit(ep__fork_look(NULL) == number + 1 ? 0 : 1);
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_int_equal(status, 0);
}

static void use_heap_of_child(void *unused)
{
    (void)unused;
    struct cache *cache = ep__tls.cache;
    check_cache(cache);
    for (unsigned i = 0; i < BLOCKS; i++)
        ep_free(blocks[i]);
    check_cache(cache);
    for (unsigned i = 0; i < BLOCKS; i++)
        ep_free(others[i]);
    check_cache(cache);
    work_here();
    ep_free(ep_malloc(300000));
    ep_free(ep_malloc(5 << 20));
    free_all(blocks, BLOCKS);
    ep_thread_idle();
    (void)ep_purge();
    struct ep_stats account = check_account();
    assert_int_equal(account.runs_in_use + account.huge_blocks, 0);
    /* What is left in use is what the thread that is gone had of its pools. */
    assert_int_equal(account.in_use_bytes, account.uncertain_bytes);
}

static void a_child_of_a_threaded_process_allocates_and_frees_at_once(void)
{
    struct puppet other;
    work_here();
    puppet_begin(&other);
    puppet_do(&other, work, NULL);
    in_child(use_heap_of_child, NULL);
    /* The parent has not noticed. */
    check_cache(ep__tls.cache);
    puppet_end(&other);
    free_all(blocks, BLOCKS);
    free_all(others, BLOCKS);
    ep_thread_idle();
    assert_int_equal(check_account().blocks_in_use, 0);
}

static void check_own_things(void *tag)
{
    assert_int_equal(ep__tls.tag, *(uint32_t *)tag);
    void *p = get_block(CLASS);
    assert_int_equal(mapped_owner(pool_of(p)), *(uint32_t *)tag);
}

static void the_thread_that_forks_keeps_its_id_and_its_pools(void)
{
    (void)get_block(CLASS);
    in_child(check_own_things, &ep__tls.tag);
}

static void take_every_id(void *unused)
{
    uint32_t id;
    (void)unused;
    while (ep__ids_take(&id)) {
        assert_int_not_equal(id, other_tag);
        assert_int_not_equal(id, ep__tls.tag);
    }
}

static void ids_of_threads_that_are_gone_are_never_given_out(void)
{
    struct puppet other;
    (void)get_block(CLASS);
    puppet_begin(&other);
    puppet_do(&other, work, NULL);
    in_child(take_every_id, NULL);
    puppet_end(&other);
}

static void allocate_beside_quarantine(void *unused)
{
    (void)unused;
    struct pool *pool = pool_of(others[1]);
    assert_int_equal(mapped_owner(pool), other_tag);
    uint32_t before = count_of(pool);
    ep_free(others[1]);
    ep_thread_idle();
    assert_int_equal(count_of(pool), before + 1);
    assert_int_equal(state_of(pool), EP__OWNED);
    for (unsigned i = 0; i < BLOCKS; i++) {
        void *p = get_block(CLASS);
        assert_int_not_equal(mapped_owner(pool_of(p)), other_tag);
    }
}

static void nothing_is_allocated_from_pools_of_threads_that_are_gone(void)
{
    struct puppet other;
    puppet_begin(&other);
    puppet_do(&other, work, NULL);
    in_child(allocate_beside_quarantine, NULL);
    puppet_end(&other);
}

/* A pool that nobody owns and that has free blocks. */
static struct pool *leave_partial(void)
{
    struct block *all[CAPACITY_MAX];
    struct pool *pool = make_full(CLASS, all);
    assert_int_equal(push_blocks(pool, all, 60, false), EP__PUSHED);
    others[0] = all[60];
    return pool;
}

static void expect_claim(void *pool)
{
    assert_ptr_equal(pool_of(get_block(CLASS)), pool);
}

static void a_child_uses_the_partial_pools_it_finds(void)
{
    struct pool *pool = leave_partial();
    (void)ep__thread_cache();
    in_child(expect_claim, pool);
    expect_claim(pool);
}

static void expect_own_window(void *pool)
{
    struct window *first = ep__window_at(0);
    for (unsigned i = 0; i < 500; i++) {
        blocks[i] = get_block(i % EP__CLASSES);
        assert_ptr_not_equal(ep__window_find(blocks[i]), first);
    }
    assert_ptr_not_equal(ep__window_find(ep_malloc(300000)), first);
    uint32_t before = count_of(pool);
    ep_free(others[0]);
    ep__batch_flush(ep__tls.cache, true);
    assert_int_equal(state_of(pool), EP__PARTIAL);
    assert_int_equal(count_of(pool), before + 1);
    check_cache(ep__tls.cache);
    free_all(blocks, 500);
    check_cache(ep__tls.cache);
}

static void a_strict_child_allocates_nothing_from_what_was_shared(void)
{
    struct pool *pool = leave_partial();
    assert_true(ep__option_set(EP__OPTION_FORK, EP__FORK_STRICT));
    (void)ep__thread_cache();
    in_child(expect_own_window, pool);
    expect_claim(pool);
}

static void enter_section(void *unused)
{
    (void)unused;
    struct cache *cache = ep__thread_cache();
    (void)ep__fork_look(cache);
    ep__epoch_enter(&cache->epoch);
}

static void exit_section(void *unused)
{
    (void)unused;
    ep__epoch_exit(&ep__tls.cache->epoch);
}

static void expect_grace(void *unused)
{
    (void)unused;
    char *p = ep_malloc(5 << 20);
    ep_free(p);
    for (unsigned i = 0; i < 8; i++)
        ep_thread_idle();
    assert_int_equal(page_rights(p), UNMAPPED);
}

static void expect_no_grace(void)
{
    char *p = ep_malloc(5 << 20);
    ep_free(p);
    for (unsigned i = 0; i < 8; i++)
        ep_thread_idle();
    assert_int_not_equal(page_rights(p), UNMAPPED);
}

static void a_section_of_a_thread_that_is_gone_holds_nothing_back(void)
{
    struct puppet walker;
    assert_true(ep__option_set(EP__OPTION_HUGE_CACHE, 0));
    (void)ep__thread_cache();
    puppet_begin(&walker);
    puppet_do(&walker, enter_section, NULL);
    expect_no_grace();
    in_child(expect_grace, NULL);
    expect_no_grace();
    puppet_do(&walker, exit_section, NULL);
    puppet_end(&walker);
    expect_grace(NULL);
}

static void bear(void *unused)
{
    (void)unused;
    (void)get_block(CLASS);
}

static void keep_section_open(void *unused)
{
    (void)unused;
    struct cache *cache = ep__tls.cache;
    enter_section(NULL);
    on_thread(bear, NULL);
    assert_int_equal(cache->epoch.record.active, 1);
    exit_section(NULL);
    assert_int_equal(cache->epoch.record.active, 0);
}

static void a_birth_in_the_child_closes_no_section_of_the_child(void)
{
    (void)ep__thread_cache();
    in_child(keep_section_open, NULL);
}

/* As before Linux 4.14. */
static void without_the_page_a_child_works_unrecognised(void)
{
    uint64_t calls = 0;
    for (uint64_t n = 1; strcmp(vm_failing_last(), "wipe_on_fork") != 0; n++) {
        vm_failing_plan(n, 1);
        (void)ep__fork_look(NULL);
        calls = vm_failing_calls();
        assert_true(n < 10);
    }
    assert_true(calls >= 1);
    vm_failing_plan(1, UINT64_MAX);
    uint64_t number = ep__fork_look(NULL);
    assert_int_equal(ep__fork_look(NULL), number);
    vm_failing_plan(0, 0);
    work_here();
    in_child(use_heap_of_child, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(every_child_is_recognised),
        alone(a_child_that_runs_no_handlers_is_recognised_too),
        alone(a_child_of_a_threaded_process_allocates_and_frees_at_once),
        alone(the_thread_that_forks_keeps_its_id_and_its_pools),
        alone(ids_of_threads_that_are_gone_are_never_given_out),
        alone(nothing_is_allocated_from_pools_of_threads_that_are_gone),
        alone(a_child_uses_the_partial_pools_it_finds),
        alone(a_strict_child_allocates_nothing_from_what_was_shared),
        alone(a_section_of_a_thread_that_is_gone_holds_nothing_back),
        alone(a_birth_in_the_child_closes_no_section_of_the_child),
        alone(without_the_page_a_child_works_unrecognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
