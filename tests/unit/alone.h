/* Each test in a process of its own, so that it finds the allocator as a program's first instruction does.
 *
 *     static void a_sentence(void) { assert_...; }
 *     const struct CMUnitTest tests[] = {alone(a_sentence)};
 *
 * The program itself never calls the allocator.  In a test's process a failed assertion prints and aborts,
 * and the program reports the test as failed.  A process that ends well must not have printed anything
 * from a sanitizer or valgrind either: both then end it with another status.
 */
#ifndef TESTS_UNIT_ALONE_H
#define TESTS_UNIT_ALONE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture.h"

/* A test of cmocka's, by the name of its function. */
#define alone(test) make_test(#test, test)

static inline void run_alone(void **state)
{
    void *function = *state;
    void (*test)(void) = (void (*)(void))function;
    int status = -1;
    fflush(NULL);
    pid_t process = fork();
    if (process == 0) {
        setenv("CMOCKA_TEST_ABORT", "1", 1);
        /* Pages are counted one by one, whatever the machine's setting of transparent huge pages is. */
        (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
        test();
        _exit(0);
    }
    assert_int_equal(waitpid(process, &status, 0), process);
    if (status != 0)
        fail_msg("the test's process ended with wait status 0x%x", (unsigned)status);
}

static inline struct CMUnitTest make_test(const char *name, void (*test)(void))
{
    struct CMUnitTest made = {.name = name, .test_func = run_alone, .initial_state = (void *)test};
    return made;
}

/* Runs `act` in a child that goes on from here; what fails there fails here. */
static inline void in_child(void (*act)(void *), void *argument)
{
    int status = -1;
    fflush(NULL);
    pid_t process = fork();
    if (process == 0) {
        act(argument);
        _exit(0);
    }
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_int_equal(status, 0);
}

/* Runs `act` in a child that is expected to abort, and returns whether stderr then held `words`. */
static inline bool aborts_saying(void (*act)(void *), void *argument, const char *words)
{
    struct capture capture;
    char output[4096];
    int status = 0;
    if (capture_begin(&capture) != 0)
        return false;
    pid_t process = fork();
    if (process == 0) {
        signal(SIGABRT, SIG_DFL);
        act(argument);
        _exit(0);
    }
    waitpid(process, &status, 0);
    capture_end(&capture, output, sizeof output);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(output, words) != NULL)
        return true;
    fprintf(stderr, "wait status 0x%x, stderr: %s\n", (unsigned)status, output);
    return false;
}

#endif
