/* Watching: lib/cache/watch.c. */
#include "unit/alone.h"

#include <epmalloc/epmalloc.h>

#include "cache/refill.h"
#include "cache/watch.h"
#include "unit/caches.h"

static size_t asked_size;
static size_t asked_alignment;
static unsigned asked;

static void *allocate(size_t size, size_t alignment, bool *is_zero)
{
    (void)is_zero;
    asked++;
    asked_size = size;
    asked_alignment = alignment;
    return NULL;
}

static unsigned refills;
static uint32_t kept;

static void refilled(struct cache *cache, unsigned class)
{
    refills++;
    ep__refill_keep(cache, class, kept);
}

static const struct watch asking = {.allocate = allocate};
static const struct watch cutting = {.allocate = allocate, .refilled = refilled};

static void nobody_watches_by_default(void)
{
    assert_ptr_equal(ep__watch_word, &ep__watch_unread);
    assert_non_null(ep_malloc(10));
    assert_null(ep__watch_word);
    assert_null(ep__watch_get());
}

static void the_watcher_is_asked_for_the_size_that_was_asked_for(void)
{
    static const size_t sizes[] = {0, 17, 512, 513, 5000, 100001, 3000001};
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ep__watch_set(&asking);
        void *p = ep_malloc(sizes[i]);
        assert_int_equal(asked, i + 1);
        assert_int_equal(asked_size, sizes[i]);
        assert_true(ep_usable_size(p) >= sizes[i]);
    }
}

static void an_aligned_request_is_told_as_it_was_made(void)
{
    ep__watch_set(&asking);
    void *p = ep_aligned_alloc(64, 33);
    assert_int_equal((uintptr_t)p % 64, 0);
    assert_int_equal(asked_size, 33);
    assert_int_equal(asked_alignment, 64);
    p = ep_aligned_alloc(4096, 33);
    assert_int_equal((uintptr_t)p % 4096, 0);
    assert_int_equal(asked_size, 33);
    assert_int_equal(asked_alignment, 4096);
}

static void what_is_on_the_list_is_not_asked_for(void)
{
    (void)get_block(6);
    ep__watch_set(&asking);
    ep_free(ep_malloc(100));
    assert_int_equal(asked, 0);
}

/* After each refill the list is cut to three blocks: every fourth malloc refills, and nothing is lost. */
static void a_list_is_cut_where_the_watcher_says(void)
{
    enum { BLOCKS = 400, CLASS = 5 };
    static void *blocks[BLOCKS];
    kept = 3;
    ep__watch_set(&cutting);
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = get_block(CLASS);
    /* A pool's or page's last blocks may be fewer. */
    assert_in_range(refills, BLOCKS / (kept + 1), BLOCKS / (kept + 1) + 16);
    (void)check_cache(ep__thread_cache());
    assert_int_equal(check_account().blocks_in_use, BLOCKS);
    free_all(blocks, BLOCKS);
    assert_int_equal(check_account().blocks_in_use, 0);
}

static void a_cut_list_only_shrinks(void)
{
    enum { CLASS = 5 };
    kept = 2;
    ep__watch_set(&cutting);
    void *p = get_block(CLASS);
    struct block **head = ep__cache_head(ep__thread_cache(), CLASS);
    assert_int_equal(ep__pool_count_chain(*head), 2);
    ep_free(p);
    assert_int_equal(ep__pool_count_chain(*head), 2);
    (void)get_block(CLASS);
    (void)get_block(CLASS);
    assert_null(*head);
    assert_ptr_equal(get_block(CLASS), p);
    ep__watch_set(NULL);
    while (*head != NULL)
        (void)get_block(CLASS);
    p = get_block(CLASS);
    ep_free(p);
    assert_ptr_equal(*head, p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(nobody_watches_by_default),
        alone(the_watcher_is_asked_for_the_size_that_was_asked_for),
        alone(an_aligned_request_is_told_as_it_was_made),
        alone(what_is_on_the_list_is_not_asked_for),
        alone(a_list_is_cut_where_the_watcher_says),
        alone(a_cut_list_only_shrinks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
