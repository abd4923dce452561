/* Sections and deferred frees as programs see them: lib/api/deferred.c. */
#include "unit/alone.h"

#include <errno.h>
#include <sched.h>

#include "fake/vm_failing.h"
#include "unit/deferrals.h"
#include "unit/thread.h"

enum { BYTES = 8192 };

static unsigned questions;
static bool answer;
static struct ep_epoch_stats asked;
static unsigned calls;

static void count_call(void *more)
{
    calls += *(unsigned *)more;
}

static bool answer_question(const struct ep_epoch_stats *stats)
{
    questions++;
    asked = *stats;
    ep_free(ep_malloc(100));
    return answer;
}

static struct ep_epoch_stats get_stats(void)
{
    struct ep_epoch_stats stats;
    assert_int_equal(ep_epoch_stats(&stats, sizeof stats), 0);
    return stats;
}

static void null_is_nothing(void)
{
    errno = EINTR;
    assert_int_equal(ep_free_deferred(NULL), 0);
    assert_int_equal(errno, EINTR);
    assert_null(ep__tls.cache);
    assert_int_equal(get_stats().waiting_blocks, 0);
}

static void the_numbers_are_those_of_what_waits(void)
{
    unsigned one = 1;
    ep_epoch_enter();
    assert_int_equal(ep_free_deferred(ep_malloc(BYTES)), 0);
    assert_int_equal(ep_defer(count_call, &one), 0);
    struct ep_epoch_stats stats = get_stats();
    assert_int_equal(stats.waiting_blocks, 1);
    assert_int_equal(stats.waiting_calls, 1);
    assert_int_equal(stats.waiting_bytes, BYTES + 16);
    assert_int_equal(stats.limit_bytes, 256 << 20);
    assert_int_equal(stats.open_sections, 1);
    assert_int_equal(stats.oldest_periods, 0);
    assert_int_not_equal(stats.oldest_thread, 0);
    assert_int_equal(ep_epoch_poll(), 2);
    assert_int_equal(get_stats().oldest_periods, 2);
    ep_epoch_exit();
    assert_int_equal(ep_epoch_poll(), 0);
    stats = get_stats();
    assert_int_equal(stats.waiting_blocks + stats.waiting_calls + stats.waiting_bytes, 0);
    assert_int_equal(stats.freed_blocks, 1);
    assert_int_equal(stats.finished_calls, 1);
    assert_int_equal(stats.open_sections + stats.oldest_thread + stats.oldest_periods, 0);
    assert_int_equal(stats.waiting_ms, 0);
    assert_int_equal(calls, 1);
}

static void numbers_are_given_for_every_size_of_the_structure(void)
{
    struct {
        struct ep_epoch_stats stats;
        size_t later;
    } longer;
    size_t first[2] = {7, 7};
    memset(&longer, 0xff, sizeof longer);
    assert_int_equal(ep_epoch_stats(&longer.stats, sizeof longer), 0);
    assert_int_equal(longer.later, 0);
    assert_int_equal(ep_epoch_stats((struct ep_epoch_stats *)first, sizeof first[0]), 0);
    assert_int_equal(first[0], 0);
    assert_int_equal(first[1], 7);
    errno = 0;
    assert_int_equal(ep_epoch_stats(NULL, sizeof longer), -1);
    assert_int_equal(errno, EINVAL);
    errno = 0;
    assert_int_equal(ep_epoch_stats(&longer.stats, 0), -1);
    assert_int_equal(errno, EINVAL);
}

/* Defers until it is refused; returns the bytes that were taken. */
static size_t defer_to_bound(size_t most)
{
    size_t bytes = 0;
    while (bytes < most) {
        void *p = ep_malloc(BYTES);
        errno = 0;
        if (ep_free_deferred(p) != 0) {
            assert_int_equal(errno, EAGAIN);
            ep_free(p);
            return bytes;
        }
        bytes += BYTES;
    }
    return bytes;
}

static void at_the_bound_the_program_is_asked(void)
{
    enum { BOUND = 1 << 20 };
    assert_true(ep__option_set(EP__OPTION_DEFERRED_BYTES, BOUND));
    ep_epoch_enter();
    assert_in_range(defer_to_bound(4 * BOUND), BOUND, BOUND + EP__CHUNK_FREE_BYTES);
    ep_epoch_on_stall(answer_question);
    assert_int_equal(defer_to_bound(4 * BOUND), 0);
    assert_int_equal(questions, 1);
    assert_true(asked.waiting_bytes >= BOUND && asked.refused >= 1);
    assert_int_equal(asked.open_sections, 1);
    answer = true;
    assert_int_equal(defer_to_bound(BOUND), BOUND);
    /* Once a chunk. */
    assert_int_equal(questions, 1 + BOUND / EP__CHUNK_FREE_BYTES);
    ep_epoch_on_stall(NULL);
    assert_int_equal(defer_to_bound(BOUND), 0);
    ep_epoch_exit();
    /* And now they end. */
    assert_int_equal(defer_to_bound(4 * BOUND), 4 * BOUND);
}

static void without_memory_a_deferral_fails_with_enomem(void)
{
    unsigned one = 1;
    void *p = ep_malloc(10);
    vm_failing_plan(1, UINT64_MAX);
    errno = 0;
    assert_int_equal(ep_free_deferred(p), -1);
    assert_int_equal(errno, ENOMEM);
    errno = 0;
    assert_int_equal(ep_defer(count_call, &one), -1);
    assert_int_equal(errno, ENOMEM);
    vm_failing_plan(0, 0);
    ep_free(p);
}

static void barrier_in_call(void *result)
{
    errno = 0;
    *(int *)result = ep_epoch_barrier() == -1 ? errno : 0;
}

static void a_barrier_that_would_wait_for_ever_fails(void)
{
    int result = 0;
    errno = 0;
    ep_epoch_enter();
    assert_int_equal(ep_epoch_barrier(), -1);
    assert_int_equal(errno, EDEADLK);
    ep_epoch_exit();
    assert_int_equal(ep_defer(barrier_in_call, &result), 0);
    assert_int_equal(ep_epoch_barrier(), 0);
    assert_int_equal(result, EDEADLK);
}

static _Atomic(uint32_t) is_inside;
static _Atomic(uint32_t) may_leave;

static void read_for_a_while(void *unused)
{
    (void)unused;
    ep_epoch_enter();
    ep__store_release(&is_inside, 1);
    while (!ep__load_acquire(&may_leave))
        sched_yield();
    ep__store_release(&is_inside, 0);
    ep_epoch_exit();
}

static void *read_on_thread(void *unused)
{
    read_for_a_while(unused);
    return NULL;
}

static void let_go(void *argument)
{
    (void)argument;
    assert_int_equal(ep__load_acquire(&is_inside), 0);
    calls++;
}

static void a_barrier_waits_for_other_threads_sections(void)
{
    pthread_t reader;
    unsigned one = 1;
    assert_int_equal(pthread_create(&reader, NULL, read_on_thread, NULL), 0);
    while (!ep__load_acquire(&is_inside))
        sched_yield();
    assert_int_equal(ep_defer(let_go, &one), 0);
    assert_int_equal(ep_free_deferred(ep_malloc(BYTES)), 0);
    assert_int_equal(ep_epoch_poll(), 2);
    assert_int_equal(calls, 0);
    ep__store_release(&may_leave, 1);
    assert_int_equal(ep_epoch_barrier(), 0);
    assert_int_equal(calls, 1);
    assert_int_equal(get_stats().waiting_blocks, 0);
    pthread_join(reader, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(null_is_nothing),
        alone(the_numbers_are_those_of_what_waits),
        alone(numbers_are_given_for_every_size_of_the_structure),
        alone(at_the_bound_the_program_is_asked),
        alone(without_memory_a_deferral_fails_with_enomem),
        alone(a_barrier_that_would_wait_for_ever_fails),
        alone(a_barrier_waits_for_other_threads_sections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
