/* The calling thread: lib/sys/task_linux.c. */
#include "unit/alone.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>

#include "sys/task.h"
#include "unit/thread.h"

static void note_number(void *number)
{
    *(uint32_t *)number = ep__task_number();
}

static void each_thread_has_the_kernels_number(void)
{
    uint32_t other;
    on_thread(note_number, &other);
    assert_int_equal(ep__task_number(), syscall(SYS_gettid));
    assert_int_not_equal(other, ep__task_number());
    assert_int_not_equal(other, 0);
}

static void the_processors_are_those_of_the_first_look(void)
{
    cpu_set_t all;
    cpu_set_t one;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    errno = ENOENT;
    assert_int_equal(ep__task_processors(), CPU_COUNT(&all));
    assert_int_equal(errno, ENOENT);
    CPU_ZERO(&one);
    for (int i = 0; CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &all))
            CPU_SET(i, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(ep__task_processors(), CPU_COUNT(&all));
}

static void a_pause_keeps_errno_and_lets_time_pass(void)
{
    struct timespec before;
    struct timespec after;
    errno = ENOENT;
    clock_gettime(CLOCK_MONOTONIC, &before);
    ep__task_pause();
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_int_equal(errno, ENOENT);
    int64_t ns =
        (after.tv_sec - before.tv_sec) * INT64_C(1000000000) + after.tv_nsec - before.tv_nsec;
    assert_true(ns >= 50000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(each_thread_has_the_kernels_number),
        alone(the_processors_are_those_of_the_first_look),
        alone(a_pause_keeps_errno_and_lets_time_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
