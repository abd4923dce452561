/* The helper thread: lib/cache/background.c.  Forks and the end of the process: tests/api/libc_background.c. */
#include "unit/alone.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>

#include <epmalloc/epmalloc.h>

#include "background.h"
#include "cache/background.h"
#include "cache/cache.h"
#include "sys/options.h"
#include "sys/task.h"

enum { BLOCKS = 100000, BLOCK_BYTES = 512 };

static void *blocks[BLOCKS];

static void start(void)
{
    assert_true(ep__option_set(EP__OPTION_BACKGROUND, 1));
    ep__background_note_child();
    assert_true(ep__background_is_due());
    ep__background_start();
    assert_false(ep__background_is_due());
}

static void without_the_option_nothing_is_started(void)
{
    ep__background_note_child();
    assert_false(ep__background_is_due());
    ep__background_start();
    ep_free(ep_malloc(1));
    assert_int_equal(count_background(), 0);
}

static void the_first_slow_path_of_an_allocation_starts_what_is_due(void)
{
    assert_true(ep__option_set(EP__OPTION_BACKGROUND, 1));
    ep__background_note_child();
    errno = ENOENT;
    void *p = ep_malloc(1);
    assert_int_equal(errno, ENOENT);
    assert_false(ep__background_is_due());
    assert_true(await_background(1));
    ep_free(p);
}

static void one_is_started_however_often_it_is_asked_for(void)
{
    start();
    ep__background_start();
    ep_free(ep_malloc(1));
    assert_true(await_background(1));
}

static void every_signal_is_blocked_in_it(void)
{
    char line[256];
    uint64_t blocked = 0;
    start();
    assert_true(await_background(1));
    FILE *status = open_background("status");
    assert_non_null(status);
    while (fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "SigBlk:", 7) == 0)
            blocked = strtoull(line + 7, NULL, 16);
    fclose(status);
    for (int number = 1; number < 32; number++)
        if (number != SIGKILL && number != SIGSTOP && (blocked >> (number - 1) & 1U) == 0)
            fail_msg("signal %d is not blocked", number);
}

static volatile sig_atomic_t handled_by;

static void note_thread(int number)
{
    (void)number;
    handled_by = (sig_atomic_t)syscall(SYS_gettid);
}

static void who_starts_it_has_the_same_signals_blocked_as_before(void)
{
    sigset_t before, after, own;
    sigemptyset(&own);
    sigaddset(&own, SIGUSR2);
    pthread_sigmask(SIG_SETMASK, &own, &before);
    start();
    pthread_sigmask(SIG_SETMASK, &before, &after);
    for (int number = 1; number < 32; number++)
        assert_int_equal(sigismember(&after, number), sigismember(&own, number));
}

static void signals_of_the_process_go_to_the_programs_threads(void)
{
    struct sigaction action = {.sa_handler = note_thread};
    start();
    assert_true(await_background(1));
    sigaction(SIGUSR1, &action, NULL);
    for (unsigned i = 0; i < 1000; i++) {
        handled_by = 0;
        kill(getpid(), SIGUSR1);
        assert_int_equal(handled_by, syscall(SYS_gettid));
    }
}

static void memory_goes_back_while_nobody_calls(void)
{
    struct ep_stats stats;
    assert_true(ep__option_set(EP__OPTION_RETAIN, 1 << 20));
    assert_true(ep__option_set(EP__OPTION_RETAIN_PERCENT, 0));
    /* Nothing goes back by itself before the delay is over. */
    assert_true(ep__option_set(EP__OPTION_PURGE_DELAY, 20));
    for (unsigned i = 0; i < BLOCKS; i++)
        memset(blocks[i] = ep_malloc(BLOCK_BYTES), 1, BLOCK_BYTES);
    assert_true(ep__option_set(EP__OPTION_PURGE_DELAY, 86400000));
    assert_true(ep__option_set(EP__OPTION_RETAIN, 16 << 20));
    for (unsigned i = 0; i < BLOCKS; i++)
        ep_free(blocks[i]);
    assert_int_equal(ep_stats(&stats, sizeof stats), 0);
    assert_true(stats.retained_bytes > 16 << 20);
    assert_true(ep__option_set(EP__OPTION_PURGE_DELAY, 20));
    start();
    while (stats.retained_bytes > 16 << 20) {
        struct timespec moment = {.tv_nsec = 1000000};
        nanosleep(&moment, NULL);
        assert_int_equal(ep_stats(&stats, sizeof stats), 0);
    }
    assert_true(stats.purged_bytes > 0);
}

static _Atomic(unsigned) opened;
static _Atomic(unsigned) waited;

static void open_nothing(void)
{
    atomic_fetch_add(&opened, 1);
}

static void wait_a_moment(uint64_t milliseconds_max)
{
    ep__task_sleep(milliseconds_max < 1 ? milliseconds_max : 1);
    atomic_fetch_add(&waited, 1);
}

static void its_server_is_opened_once_and_waits_in_its_place(void)
{
    static const struct background_server server = {open_nothing, wait_a_moment};
    ep__background_serve(&server);
    start();
    while (atomic_load(&waited) < 3)
        ep__task_pause();
    assert_int_equal(atomic_load(&opened), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(without_the_option_nothing_is_started),
        alone(the_first_slow_path_of_an_allocation_starts_what_is_due),
        alone(one_is_started_however_often_it_is_asked_for),
        alone(every_signal_is_blocked_in_it),
        alone(who_starts_it_has_the_same_signals_blocked_as_before),
        alone(signals_of_the_process_go_to_the_programs_threads),
        alone(memory_goes_back_while_nobody_calls),
        alone(its_server_is_opened_once_and_waits_in_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
