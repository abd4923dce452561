/* The public statistics: lib/observe/stats.c. */
#include "unit/alone.h"

#include <errno.h>

#include "observe/account.h"
#include "unit/caches.h"
#include "unit/thread.h"

enum { DOCUMENT_BYTES = 1 << 18 };

static char document[DOCUMENT_BYTES];

/* What `write` writes into a file. */
static size_t read_back(int (*write)(int fd))
{
    FILE *file = tmpfile();
    errno = EDOM;
    assert_int_equal(write(fileno(file)), 0);
    assert_int_equal(errno, EDOM);
    rewind(file);
    size_t length = fread(document, 1, DOCUMENT_BYTES - 1, file);
    document[length] = '\0';
    fclose(file);
    return length;
}

static void an_unused_heap_is_told_and_not_begun(void)
{
    struct ep_stats stats;
    assert_int_equal(ep_stats(&stats, sizeof stats), 0);
    assert_int_equal(stats.arenas, 0);
    assert_true(read_back(ep_metrics_write) > 0);
    assert_non_null(strstr(document, "\nepmalloc_arenas 0\n"));
    assert_true(read_back(ep_stats_cpython) > 0);
    assert_null(ep__tls.cache);
    assert_null(ep__window_at(0));
}

static void an_older_or_newer_caller_gets_what_it_knows(void)
{
    struct {
        struct ep_stats stats;
        uint64_t later[3];
    } newer;
    uint64_t older[3] = {7, 7, 7};
    (void)get_block(3);
    memset(&newer, 0xff, sizeof newer);
    assert_int_equal(ep_stats(&newer.stats, sizeof newer), 0);
    assert_int_equal(newer.later[0] + newer.later[1] + newer.later[2], 0);
    assert_int_equal(newer.stats.pools_acquired, 1);
    assert_int_equal(ep_stats((struct ep_stats *)(void *)older, 2 * sizeof older[0]), 0);
    assert_int_equal(older[0], newer.stats.allocated_bytes);
    assert_int_equal(older[1], newer.stats.active_bytes);
    assert_int_equal(older[2], 7);
}

static int write_everything_else(int fd)
{
    return ep_stats_write(fd, EP_STATS_JSON, EP_STATS_ALL) +
           ep_stats_write(fd, EP_STATS_XML, EP_STATS_CLASSES) +
           ep_stats_write(fd, EP_STATS_TEXT, EP_STATS_PROCESS);
}

static void each_call_writes_its_document(void)
{
    (void)get_block(3);
    (void)read_back(ep_metrics_write);
    assert_int_equal(strncmp(document, "# TYPE epmalloc_allocated_bytes gauge\n", 38), 0);
    assert_non_null(strstr(document,
                           "\nepmalloc_class_blocks_in_use{index=\"3\",block_bytes=\"64\"}"
                           " 1\n"));
    assert_non_null(strstr(document, "\nepmalloc_arena_free_pools{window=\"0\",id=\"0\"} 63\n"));
    assert_non_null(strstr(document, "\nepmalloc_thread_withheld_bytes{id=\"2\"} 0\n"));
    (void)read_back(ep_stats_cpython);
    assert_int_equal(strncmp(document, "Small block threshold = ", 24), 0);
    (void)read_back(write_everything_else);
    assert_non_null(strstr(document, "{\"process\":{\"allocated_bytes\":64,"));
    assert_non_null(strstr(document, "<epmalloc>\n<class index=\"3\" "));
    assert_non_null(strstr(document, "epmalloc: allocated_bytes     = 64\n"));
}

static void what_cannot_be_written_is_an_error_with_its_reason(void)
{
    int ends[2];
    (void)get_block(3);
    assert_int_equal(ep_metrics_write(-1), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(ep_stats_cpython(-1), -1);
    assert_int_equal(errno, EBADF);
    errno = 0;
    assert_int_equal(ep_stats_write(1, (enum ep_stats_format)9, EP_STATS_ALL), -1);
    assert_int_equal(errno, EINVAL);
    errno = 0;
    assert_int_equal(ep_stats_write(1, EP_STATS_JSON, 0), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    (void)fcntl(ends[1], F_SETPIPE_SZ, 4096);
    assert_int_equal(ep_metrics_write(ends[1]), -1);
    assert_int_equal(errno, EAGAIN);
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(ep_metrics_write(ends[1]), -1);
    assert_int_equal(errno, EPIPE);
}

static struct ep_class last_class;
static struct ep_thread last_thread;
static unsigned visits;

static int keep_class(const struct ep_class *class, void *limit)
{
    assert_true(visits == 0 || class->block_bytes > last_class.block_bytes);
    assert_int_equal(class->struct_bytes, sizeof *class);
    last_class = *class;
    return ++visits == *(unsigned *)limit ? 77 : 0;
}

static void classes_are_walked_smallest_first_until_a_visit_ends_it(void)
{
    unsigned limit = 100;
    assert_int_equal(ep_walk_classes(keep_class, &limit), 0);
    assert_int_equal(visits, 0);
    (void)get_block(60);
    (void)get_block(7);
    (void)get_block(31);
    assert_int_equal(ep_walk_classes(keep_class, &limit), 0);
    assert_int_equal(visits, 3);
    assert_int_equal(last_class.index, 60);
    assert_int_equal(last_class.blocks_in_use, 1);
    visits = 0;
    limit = 2;
    assert_int_equal(ep_walk_classes(keep_class, &limit), 77);
    assert_int_equal(visits, 2);
    assert_int_equal(last_class.index, 31);
    errno = 0;
    assert_int_equal(ep_walk_classes(NULL, NULL), -1);
    assert_int_equal(errno, EINVAL);
}

static int keep_thread(const struct ep_thread *thread, void *limit)
{
    assert_int_equal(thread->struct_bytes, sizeof *thread);
    assert_true(visits == 0 || thread->id > last_thread.id);
    last_thread = *thread;
    return ++visits == *(unsigned *)limit ? 78 : 0;
}

static void free_it(void *p)
{
    ep_free(p);
}

static void threads_are_walked_with_what_they_hold(void)
{
    struct puppet other;
    unsigned limit = 100;
    void *p = get_block(3);
    assert_int_equal(ep_walk_threads(keep_thread, &limit), 0);
    assert_int_equal(visits, 1);
    puppet_begin(&other);
    puppet_do(&other, free_it, p);
    visits = 0;
    assert_int_equal(ep_walk_threads(keep_thread, &limit), 0);
    assert_int_equal(visits, 2);
    assert_int_equal(last_thread.withheld_bytes, 64);
    visits = 0;
    limit = 1;
    assert_int_equal(ep_walk_threads(keep_thread, &limit), 78);
    assert_int_equal(visits, 1);
    puppet_end(&other);
    visits = 0;
    limit = 100;
    assert_int_equal(ep_walk_threads(keep_thread, &limit), 0);
    assert_int_equal(visits, 1);
    assert_int_equal(ep_walk_threads(NULL, NULL), -1);
    assert_int_equal(errno, EINVAL);
}

/* Calls epmalloc, for classes and threads to change while they are walked. */
static int allocate_on_the_way(const struct ep_class *class, void *unused)
{
    (void)unused;
    ep_free(ep_malloc(class->block_bytes * 2));
    return 0;
}

static void a_visit_of_classes_may_allocate(void)
{
    for (unsigned class = 0; class < 40; class ++)
        (void)get_block(class);
    assert_int_equal(ep_walk_classes(allocate_on_the_way, NULL), 0);
    (void)check_account();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(an_unused_heap_is_told_and_not_begun),
        alone(an_older_or_newer_caller_gets_what_it_knows),
        alone(each_call_writes_its_document),
        alone(what_cannot_be_written_is_an_error_with_its_reason),
        alone(classes_are_walked_smallest_first_until_a_visit_ends_it),
        alone(threads_are_walked_with_what_they_hold),
        alone(a_visit_of_classes_may_allocate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
