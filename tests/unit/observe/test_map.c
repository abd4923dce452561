/* The map: lib/observe/map.c.  That it is JSON, and what the command makes of it: tests/tools. */
#include "unit/alone.h"

#include <inttypes.h>

#include "observe/map.h"
#include "unit/caches.h"
#include "unit/observe/document.h"
#include "unit/thread.h"

enum { CLASS = 31, BLOCKS = 128 };

static void take_map(void)
{
    struct stream stream;
    document_begin(&stream);
    ep__map_put(&stream);
    assert_int_equal(ep__stream_end(&stream), 0);
}

static void an_untouched_heap_has_classes_and_no_arenas(void)
{
    take_map();
    assert_int_equal(count_in_document("\"block_bytes\":"), EP__CLASSES);
    assert_non_null(strstr(document, "\"arenas\":[],\n\"huge\":[]}\n"));
}

static void a_pool_of_the_caller_is_shown_with_its_free_blocks(void)
{
    char wanted[64];
    void *p = get_block(CLASS);
    const struct size_class *size = &ep__size_classes[CLASS];
    take_map();
    snprintf(wanted, sizeof wanted, "[0,1,%u,0,%u,%u,1]", CLASS, ep__tls.tag, size->capacity - 1U);
    assert_non_null(strstr(document, wanted));
    ep_free(p);
}

static void runs_and_huge_blocks_are_shown(void)
{
    char wanted[64];
    void *run = ep_malloc(100000);
    void *huge = ep_malloc(3 << 20);
    take_map();
    assert_non_null(strstr(document, "[62,2,-1,1,0,0,1]"));
    snprintf(wanted, sizeof wanted, "[%" PRIuPTR ",", (uintptr_t)huge);
    assert_non_null(strstr(document, wanted));
    ep_free(run);
    ep_free(huge);
}

static void *others[BLOCKS + 1];

/* Fills a pool, and begins the next. */
static void fill(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i <= ep__size_classes[CLASS].capacity; i++)
        others[i] = ep_malloc(512);
}

static void what_an_ended_thread_has_left_is_full_or_partial(void)
{
    char wanted[64];
    unsigned capacity = ep__size_classes[CLASS].capacity;
    assert_true(capacity <= BLOCKS);
    on_thread(fill, NULL);
    take_map();
    snprintf(wanted, sizeof wanted, ",%u,1,0,0,1]", CLASS);
    assert_int_equal(count_in_document(wanted), 1);
    snprintf(wanted, sizeof wanted, ",%u,2,0,%u,1]", CLASS, capacity - 1);
    assert_int_equal(count_in_document(wanted), 1);
}

static void of_another_running_threads_pool_only_the_bounds_are_known(void)
{
    char wanted[64];
    struct puppet puppet;
    puppet_begin(&puppet);
    puppet_do(&puppet, fill, NULL);
    take_map();
    snprintf(wanted, sizeof wanted, ",%u,0,2,0,0]", CLASS);
    assert_int_equal(count_in_document(wanted), 1);
    puppet_end(&puppet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(an_untouched_heap_has_classes_and_no_arenas),
        alone(a_pool_of_the_caller_is_shown_with_its_free_blocks),
        alone(runs_and_huge_blocks_are_shown),
        alone(what_an_ended_thread_has_left_is_full_or_partial),
        alone(of_another_running_threads_pool_only_the_bounds_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
