/*
 * failing_malloc: an allocator that fails after a while, for the tests that this is a cell in the
 * table and not the end of the run.  A first malloc succeeds, so that it is not left out beforehand.
 * Built once for each way to fail: FAILURE is BY_ABORT, BY_HANGING, deaf to signals, or BY_SILENCE,
 * an end without a result and with words that are no text.
 */
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

enum failure { BY_ABORT, BY_HANGING, BY_SILENCE };
enum { CALLS = 200, BYTES = 1 << 20 };

static _Alignas(16) char space[BYTES];
static size_t calls, used;

static _Noreturn void fail(enum failure how)
{
    static const char no_text[] = "\xff\xfe=\x80 time_s";
    sigset_t all;

    sigfillset(&all);
    if (how == BY_ABORT)
        abort();
    if (how == BY_SILENCE) {
        (void)!write(STDOUT_FILENO, no_text, sizeof no_text);
        (void)!write(STDERR_FILENO, no_text, sizeof no_text);
        _exit(0);
    }
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (;;)
        pause();
}

void *malloc(size_t size)
{
    void *p = space + used;

    if (++calls > CALLS || size > BYTES - used)
        fail(FAILURE);
    used += (size + 15) / 16 * 16;
    return p;
}

void free(void *p)
{
    (void)p;
}
