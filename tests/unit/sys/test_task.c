/* The calling thread: lib/sys/task_linux.c. */
#include "unit/alone.h"

#include <errno.h>
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
        alone(a_pause_keeps_errno_and_lets_time_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
