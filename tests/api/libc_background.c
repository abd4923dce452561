/* The helper thread beside what a process can do: fork, vfork, clone, the end of its main thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>

#include <epmalloc/epmalloc.h>

#include "background.h"
#include "child.h"

/* Allocations of all classes take slow paths. */
static void take_slow_paths(void)
{
    for (size_t size = 16; size < 100000; size += size / 8)
        free(malloc(size));
}

static bool exits_well(pid_t process)
{
    int status = -1;
    return waitpid(process, &status, 0) == process && status == 0;
}

/* In a child: 0 when the thread comes by an allocation. */
static int find_in_child(void)
{
    take_slow_paths();
    return await_background(1) ? 0 : 2;
}

static bool fork_starts_it_again(pid_t (*fork_function)(void))
{
    pid_t process = fork_function();
    if (process == 0)
        _exit(find_in_child());
    return exits_well(process);
}

static bool grandchild_has_one(void)
{
    pid_t process = fork();
    if (process == 0) {
        bool is_there = find_in_child() == 0 && fork_starts_it_again(fork);
        _exit(is_there ? 0 : 1);
    }
    return exits_well(process);
}

static bool vfork_starts_none(void)
{
    pid_t process = vfork();
    if (process == 0) {
        take_slow_paths();
        _exit(0);
    }
    return exits_well(process) && count_background() == 1;
}

static bool bare_clone_starts_none(void)
{
    pid_t process = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (process == 0) {
        take_slow_paths();
        _exit(count_background() == 0 ? 0 : 1);
    }
    return exits_well(process);
}

/* The child's burst goes back by the child's own thread. */
static bool child_shrinks(void)
{
    pid_t process = fork();
    if (process == 0) {
        static void *blocks[40000];
        struct ep_stats stats = {.retained_bytes = SIZE_MAX};
        for (unsigned i = 0; i < 40000; i++)
            memset(blocks[i] = malloc(1000), 1, 1000);
        for (unsigned i = 0; i < 40000; i++)
            free(blocks[i]);
        while (stats.retained_bytes > 8 << 20)
            ep_stats(&stats, sizeof stats);
        _exit(0);
    }
    return exits_well(process);
}

static int act(const char *what)
{
    if (!await_background(1))
        return 2;
    if (strcmp(what, "fork") == 0)
        return fork_starts_it_again(fork) && fork_starts_it_again(_Fork) ? 0 : 1;
    if (strcmp(what, "grandchild") == 0)
        return grandchild_has_one() ? 0 : 1;
    if (strcmp(what, "vfork") == 0)
        return vfork_starts_none() ? 0 : 1;
    if (strcmp(what, "clone") == 0)
        return bare_clone_starts_none() ? 0 : 1;
    if (strcmp(what, "shrink") == 0)
        return child_shrinks() ? 0 : 1;
    if (strcmp(what, "pthread_exit") == 0)
        pthread_exit(NULL);
    return 3;
}

static void run(const char *what)
{
    struct child child;
    child_run(&child, what, "helper:1");
    assert_string_equal(child.output, "");
    assert_int_equal(child.status, 0);
}

static void it_is_there_when_main_begins_and_again_in_forked_children(void **state)
{
    (void)state;
    run("fork");
}

static void children_of_children_have_one(void **state)
{
    (void)state;
    run("grandchild");
}

static void the_child_of_vfork_has_none(void **state)
{
    (void)state;
    run("vfork");
}

static void the_child_of_a_bare_clone_has_none(void **state)
{
    (void)state;
    run("clone");
}

static void a_forked_child_shrinks_without_calls(void **state)
{
    (void)state;
    run("shrink");
}

static void a_process_whose_main_thread_ends_ends(void **state)
{
    (void)state;
    run("pthread_exit");
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_there_when_main_begins_and_again_in_forked_children),
        cmocka_unit_test(children_of_children_have_one),
        cmocka_unit_test(the_child_of_vfork_has_none),
        cmocka_unit_test(the_child_of_a_bare_clone_has_none),
        cmocka_unit_test(a_forked_child_shrinks_without_calls),
        cmocka_unit_test(a_process_whose_main_thread_ends_ends),
    };
    if (argument_count > 1)
        return act(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
