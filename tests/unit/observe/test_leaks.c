/* The leak report: lib/observe/leaks.c. */
#include "unit/alone.h"

#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>

#include "observe/leaks.h"
#include "observe/profiler.h"
#include "unit/profiles.h"

enum { BLOCKS = 1000, BYTES = 208 };

static void *volatile kept[BLOCKS];

__attribute__((noinline)) static void leak(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        void **p = ep_malloc(BYTES);
        memset(p, 0, BYTES);
        __asm__ volatile("" ::"r"(p) : "memory");
    }
}

__attribute__((noinline)) static void keep(void)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        kept[i] = memset(ep_malloc(BYTES), 0, BYTES);
}

/* Overwrites what calls have left on the stack. */
__attribute__((noinline)) static void wipe_stack(void)
{
    volatile char bytes[16384];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = 0;
}

static struct ep_leaks look(int file)
{
    struct ep_leaks leaks = {.struct_bytes = sizeof leaks};
    wipe_stack();
    assert_int_equal(ep_leaks_write(file, &leaks), 0);
    return leaks;
}

/* Registers and the rest of the stack may keep a few. */
static void what_is_leaked_is_told_from_what_is_reachable(void)
{
    int file = make_file();
    keep();
    leak(BLOCKS);
    struct ep_leaks leaks = look(file);
    assert_in_range(leaks.leaked_blocks, BLOCKS - 5, BLOCKS);
    assert_int_equal(leaks.leaked_bytes, leaks.leaked_blocks * BYTES);
    assert_in_range(leaks.reachable_blocks, BLOCKS, BLOCKS + 5);
    assert_int_equal(leaks.uncertain_blocks, 0);
    (void)read_file(file);
    assert_non_null(strstr(written, "epmalloc leak report: "));
    assert_non_null(strstr(written, "\n       208 "));
}

static void call_sites_of_samples_are_told_the_biggest_first(void)
{
    int file = make_file();
    assert_int_equal(ep__profiler_start(1024), 0);
    keep();
    leak(BLOCKS);
    (void)look(file);
    (void)read_file(file);
    char *first = strstr(written, "leaked, by call site (estimated: one sample in 1,024 bytes):\n");
    assert_non_null(first);
    /* This program's own code is not told from ours, so that some of our frames come before. */
    char *frame = first;
    do {
        frame = strstr(frame + 1, "    0x");
        assert_non_null(frame);
    } while (strtoull(frame, NULL, 16) - (uintptr_t)leak >= 512);
    char *second = strstr(first, " bytes in ");
    assert_true(frame < strstr(second + 1, " bytes in ") ||
                strstr(second + 1, " bytes in ") == NULL);
}

static void the_program_goes_on_and_has_no_child(void)
{
    leak(1);
    (void)look(make_file());
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    void *p = ep_malloc(BYTES);
    assert_non_null(p);
    ep_free(p);
}

static void *allocate_and_wait(void *ends)
{
    char byte;
    kept[0] = ep_malloc(BYTES);
    assert_int_equal(write(((int *)ends)[1], "x", 1), 1);
    assert_int_equal(read(((int *)ends)[2], &byte, 1), 0);
    return NULL;
}

static void free_blocks_of_other_threads_pools_are_uncertain(void)
{
    int there[2];
    int back[2];
    char byte;
    pthread_t thread;
    assert_int_equal(pipe(there), 0);
    assert_int_equal(pipe(back), 0);
    int ends[3] = {0, there[1], back[0]};
    assert_int_equal(pthread_create(&thread, NULL, allocate_and_wait, ends), 0);
    assert_int_equal(read(there[0], &byte, 1), 1);
    struct ep_leaks leaks = look(make_file());
    assert_int_equal(leaks.leaked_blocks, 0);
    assert_true(leaks.uncertain_blocks > 100);
    assert_true(leaks.reachable_blocks >= 1);
    close(back[1]);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void errors_are_told(void)
{
    struct ep_leaks leaks = {.struct_bytes = 1};
    errno = 0;
    assert_int_equal(ep_leaks_write(1, &leaks), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(ep_leaks_write(open("/dev/full", O_WRONLY), NULL), -1);
    assert_int_equal(errno, EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(what_is_leaked_is_told_from_what_is_reachable),
        alone(call_sites_of_samples_are_told_the_biggest_first),
        alone(the_program_goes_on_and_has_no_child),
        alone(free_blocks_of_other_threads_pools_are_uncertain),
        alone(errors_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
