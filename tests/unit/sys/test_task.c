/* The calling thread: lib/sys/task_linux.c. */
#include "unit/alone.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>

#include "sys/clock.h"
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

static void note_known(void *is_known)
{
    *(bool *)is_known = ep__task_is_known();
}

static void note_last(void *is_last)
{
    *(bool *)is_last = ep__task_is_last();
}

static void threads_and_forked_children_are_known_to_the_c_library(void)
{
    bool is_known = false;
    assert_true(ep__task_is_known());
    on_thread(note_known, &is_known);
    assert_true(is_known);
    pid_t process = fork();
    if (process == 0)
        _exit(ep__task_is_known() ? 0 : 1);
    int status = -1;
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_int_equal(status, 0);
}

static void the_child_of_a_bare_clone_is_not(void)
{
    int status = -1;
    pid_t process = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (process == 0)
        _exit(ep__task_is_known() ? 1 : 0);
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_int_equal(status, 0);
}

static void a_thread_that_is_not_alone_is_not_the_last(void)
{
    bool is_last = true;
    errno = ENOENT;
    assert_false(ep__task_is_last());
    assert_int_equal(errno, ENOENT);
    on_thread(note_last, &is_last);
    assert_false(is_last);
}

static void a_name_is_what_the_kernel_shows(void)
{
    char name[16];
    ep__task_set_name("of-a-test");
    assert_int_equal(prctl(PR_GET_NAME, name, 0, 0, 0), 0);
    assert_string_equal(name, "of-a-test");
}

static void a_wait_keeps_errno_and_lasts_as_long_as_was_said(void)
{
    uint64_t before = ep__clock_ms();
    errno = ENOENT;
    ep__task_sleep(20);
    assert_int_equal(errno, ENOENT);
    assert_true(ep__clock_ms() - before >= 19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(each_thread_has_the_kernels_number),
        alone(the_processors_are_those_of_the_first_look),
        alone(threads_and_forked_children_are_known_to_the_c_library),
        alone(the_child_of_a_bare_clone_is_not),
        alone(a_thread_that_is_not_alone_is_not_the_last),
        alone(a_name_is_what_the_kernel_shows),
        alone(a_wait_keeps_errno_and_lasts_as_long_as_was_said),
        alone(a_pause_keeps_errno_and_lets_time_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
