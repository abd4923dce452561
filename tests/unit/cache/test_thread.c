/* Births and exits of threads: lib/cache/thread.c, with a kernel that refuses. */
#include "unit/alone.h"

#include <errno.h>

#include "arena/huge.h"
#include "cache/ids.h"
#include "fake/vm_failing.h"
#include "unit/caches.h"
#include "unit/memory.h"
#include "unit/thread.h"

enum { BLOCKS = 2000 };

static void *blocks[BLOCKS];

static void a_thread_is_born_by_its_first_slow_path(void)
{
    assert_null(ep__tls.cache);
    assert_int_equal(ep__tls.tag, EP__OWNER_DETACHED);
    assert_int_equal(ep__tls.slot_limit, 0);
    assert_int_equal(ep__thread_count(), 0);
    errno = EDOM;
    assert_non_null(ep_malloc(100));
    assert_int_equal(errno, EDOM);
    struct window *window = ep__window_at(0);
    assert_non_null(ep__tls.cache);
    assert_int_equal(ep__tls.tag, ep__tls.cache->tag);
    assert_true(ep__tls.tag > EP__OWNER_DETACHED);
    assert_int_equal(ep__tls.base, (uintptr_t)window->base);
    assert_int_equal(ep__tls.slot_limit, window->slot_count);
    assert_ptr_equal(ep__tls.owners, window->owners);
    assert_ptr_equal(ep__tls.pools, window->pools);
    assert_int_equal(ep__thread_count(), 1);
    assert_true(ep__thread_metadata_bytes() >= sizeof(struct cache));
    check_cache(ep__tls.cache);
}

static void questions_bear_no_thread(void)
{
    struct ep_stats account;
    assert_false(ep_owns(blocks));
    assert_int_equal(ep_usable_size(blocks), 0);
    assert_int_equal(ep_stats(&account, sizeof account), 0);
    ep_thread_idle();
    ep_free(NULL);
    assert_null(ep__tls.cache);
}

/* Blocks of every class and kind; frees two of three. */
static void work(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < BLOCKS; i++) {
        size_t size = i % 50 == 0 ? (size_t)(i + 1) << 12 : size_of_class(i % EP__CLASSES);
        blocks[i] = ep_malloc(size);
        assert_non_null(blocks[i]);
    }
    for (unsigned i = 0; i < BLOCKS; i++)
        if (i % 3 != 0) {
            ep_free(blocks[i]);
            blocks[i] = NULL;
        }
    check_cache(ep__tls.cache);
}

static void an_ended_thread_owns_nothing(void)
{
    on_thread(work, NULL);
    assert_int_equal(ep__thread_count(), 0);
    struct ep_stats account = check_account();
    assert_int_equal(account.uncertain_bytes, 0);
    unsigned live = 0;
    for (unsigned i = 0; i < BLOCKS; i++) {
        struct found found = ep__lookup(blocks[i]);
        live += blocks[i] != NULL;
        if (found.what != EP__FOUND_BLOCK)
            continue;
        assert_int_equal(mapped_owner(found.pool), EP__OWNER_NOBODY);
        assert_int_not_equal(state_of(found.pool), EP__OWNED);
    }
    assert_int_equal(account.blocks_in_use + account.runs_in_use + account.huge_blocks, live);
    free_all(blocks, BLOCKS);
    ep_thread_idle();
    account = check_account();
    assert_int_equal(account.blocks_in_use + account.runs_in_use + account.huge_blocks, 0);
    assert_int_equal(account.available_bytes, 0);
}

static void note_tag(void *tag)
{
    ep_free(ep_malloc(1));
    *(uint32_t *)tag = ep__tls.tag;
}

static void an_id_goes_to_the_next_thread_after_its_owner_has_ended(void)
{
    uint32_t tags[3];
    struct puppet first;
    puppet_begin(&first);
    puppet_do(&first, note_tag, &tags[0]);
    on_thread(note_tag, &tags[1]);
    assert_int_not_equal(tags[0], tags[1]);
    on_thread(note_tag, &tags[2]);
    assert_int_equal(tags[1], tags[2]);
    puppet_end(&first);
    on_thread(note_tag, &tags[2]);
    assert_int_equal(tags[0], tags[2]);
    assert_int_equal(ep__thread_count(), 0);
}

/* The next thread with the id finds an empty control block. */
static void check_new_born(void *unused)
{
    (void)unused;
    struct cache *cache = ep__thread_cache();
    assert_true(owns_nothing(cache));
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        assert_null(*ep__cache_head(cache, class));
        assert_int_equal(cache->bins[class].keeps, 0);
    }
    assert_int_equal(cache->epoch.record.n_pending, 0);
    assert_int_equal(cache->epoch.record.active, 0);
}

/* The thread's full pools of every class would be held. */
static void work_and_keep(void *unused)
{
    work(unused);
    for (unsigned class = 0; class < EP__CLASSES; class ++)
        keep_full(class);
}

static void a_new_thread_inherits_nothing(void)
{
    on_thread(work_and_keep, NULL);
    on_thread(check_new_born, NULL);
}

static void free_blocks(void *count)
{
    free_all(blocks, *(unsigned *)count);
}

static void a_thread_that_only_frees_cleans_up_too(void)
{
    unsigned count = BLOCKS;
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = get_block(i % 40);
    on_thread(free_blocks, &count);
    assert_int_equal(ep__thread_count(), 1);
    check_cache(ep__tls.cache);
    struct ep_stats account = check_account();
    assert_int_equal(account.blocks_in_use, 0);
    ep_thread_idle();
    account = check_account();
    assert_int_equal(account.available_bytes, 0);
}

static void an_idle_thread_owns_nothing_and_goes_on(void)
{
    work_and_keep(NULL);
    struct cache *cache = ep__tls.cache;
    uint32_t tag = ep__tls.tag;
    ep_thread_idle();
    assert_true(owns_nothing(cache));
    for (unsigned class = 0; class < EP__CLASSES; class ++)
        assert_int_equal(cache->bins[class].keeps, 0);
    for (unsigned i = 0; i < BLOCKS; i++) {
        struct found found = ep__lookup(blocks[i]);
        if (found.what == EP__FOUND_BLOCK)
            assert_int_not_equal(state_of(found.pool), EP__OWNED);
    }
    assert_ptr_equal(ep__tls.cache, cache);
    assert_int_equal(ep__tls.tag, tag);
    free_all(blocks, BLOCKS);
    work(NULL);
    assert_int_equal(ep__thread_count(), 1);
}

static pthread_key_t late_key;
static void *late_block;

/* A destructor that runs after the allocator's own. */
static void work_late(void *early_block)
{
    assert_null(ep__tls.cache);
    assert_int_equal(ep__tls.tag, EP__OWNER_DETACHED);
    ep_free(early_block);
    late_block = ep_malloc(300);
    assert_non_null(late_block);
    memset(late_block, 1, 300);
    for (unsigned i = 0; i < 100; i++)
        ep_free(ep_malloc(i * 40));
    void *big = ep_malloc(3 << 20);
    assert_non_null(big);
    ep_free(big);
    ep_free(ep_calloc(1, 100000));
    assert_true(ep_purge() < SIZE_MAX);
    ep_thread_idle();
    assert_null(ep__tls.cache);
}

static void leave_late_work(void *unused)
{
    (void)unused;
    assert_int_equal(pthread_setspecific(late_key, ep_malloc(200)), 0);
}

static void a_thread_works_after_its_own_end(void)
{
    assert_int_equal(pthread_key_create(&late_key, work_late), 0);
    on_thread(leave_late_work, NULL);
    assert_int_equal(ep__thread_count(), 0);
    assert_non_null(late_block);
    assert_int_equal(check_account().blocks_in_use, 1);
    assert_int_equal(check_account().uncertain_bytes, 0);
    ep_free(late_block);
    ep_thread_idle();
    assert_int_equal(check_account().blocks_in_use, 0);
}

static void without_an_id_a_thread_works_detached_until_there_is_one(void)
{
    uint32_t id;
    uint32_t last = 0;
    while (ep__ids_take(&id))
        last = id;
    for (unsigned i = 0; i < 200; i++)
        blocks[i] = get_block(i % EP__CLASSES);
    assert_null(ep__tls.cache);
    free_all(blocks, 100);
    assert_int_equal(check_account().blocks_in_use, 100);
    ep__ids_give_back(last);
    blocks[0] = get_block(3);
    assert_non_null(ep__tls.cache);
    assert_int_equal(ep__tls.tag, last);
    free_all(blocks, 1);
    free_all(blocks + 100, 100);
    ep_thread_idle();
    assert_int_equal(check_account().blocks_in_use, 0);
}

/* The kernel refuses the n-th call of a process's first allocations. */
static void begin_with_refusal(void *n)
{
    vm_failing_plan(*(uint64_t *)n, 1);
    for (unsigned i = 0; i < 50; i++)
        blocks[i] = ep_malloc(1 + i * 500);
    vm_failing_plan(0, 0);
    for (unsigned i = 0; i < 50; i++)
        if (blocks[i] == NULL)
            blocks[i] = ep_malloc(1 + i * 500);
    for (unsigned i = 0; i < 50; i++) {
        assert_non_null(blocks[i]);
        memset(blocks[i], 1, 1 + i * 500);
    }
    assert_non_null(ep__tls.cache);
    check_cache(ep__tls.cache);
    assert_int_equal(check_account().blocks_in_use, 50);
    free_all(blocks, 50);
    ep_thread_idle();
    assert_int_equal(check_account().blocks_in_use, 0);
    check_arenas();
}

static void every_refusal_at_the_beginning_is_survived(void)
{
    for (uint64_t n = 1; n <= 15; n++)
        in_child(begin_with_refusal, &n);
}

static char *deferred;

static void defer_unmapping(void *unused)
{
    (void)unused;
    assert_true(ep__option_set(EP__OPTION_HUGE_CACHE, 0));
    deferred = ep_malloc(3 << 20);
    ep_free(deferred);
}

static void what_an_ended_thread_deferred_is_done_by_another(void)
{
    struct cache *cache = ep__thread_cache();
    ep__epoch_enter(&cache->epoch);
    on_thread(defer_unmapping, NULL);
    assert_int_not_equal(page_rights(deferred), UNMAPPED);
    ep__epoch_exit(&cache->epoch);
    for (unsigned i = 0; i < 8; i++)
        ep_thread_idle();
    assert_int_equal(page_rights(deferred), UNMAPPED);
}

static void be_born(void *unused)
{
    (void)unused;
    assert_non_null(ep__thread_cache());
}

static void control_blocks_are_found_with_and_without_their_thread(void)
{
    struct puppet first;
    bool is_alive = false;
    uint32_t id = 0;
    puppet_begin(&first);
    puppet_do(&first, be_born, NULL);
    be_born(NULL);
    struct cache *cache = ep__thread_next(&id, &is_alive);
    assert_true(is_alive && cache->tag == id && cache != ep__tls.cache);
    puppet_end(&first);
    id = 0;
    assert_ptr_equal(ep__thread_next(&id, &is_alive), cache);
    assert_false(is_alive);
    id++;
    assert_ptr_equal(ep__thread_next(&id, &is_alive), ep__tls.cache);
    assert_true(is_alive);
    id++;
    assert_null(ep__thread_next(&id, &is_alive));
    assert_int_equal(ep__load_relaxed(&cache->births), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_thread_is_born_by_its_first_slow_path),
        alone(questions_bear_no_thread),
        alone(an_ended_thread_owns_nothing),
        alone(an_id_goes_to_the_next_thread_after_its_owner_has_ended),
        alone(a_new_thread_inherits_nothing),
        alone(a_thread_that_only_frees_cleans_up_too),
        alone(an_idle_thread_owns_nothing_and_goes_on),
        alone(a_thread_works_after_its_own_end),
        alone(without_an_id_a_thread_works_detached_until_there_is_one),
        alone(every_refusal_at_the_beginning_is_survived),
        alone(what_an_ended_thread_deferred_is_done_by_another),
        alone(control_blocks_are_found_with_and_without_their_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
