/* Threads that wait to be born to the allocator: each allocates for the first time when it is called, and exits.
 *
 * They wait in a futex, without the C library.  They can be joined, so their exit takes no lock of the C
 * library; the nurse joins them and creates the next. */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "freeze/burst.h"

enum { CRADLES = 6 };

/* Nurse: EMPTY, COMING; the newborn: WAITING; burster: CALLED, GONE. */
enum cradle_state { EMPTY, COMING, WAITING, CALLED, GONE };

struct cradle {
    _Atomic(uint32_t) state;
    _Atomic(int32_t) tid;
    pthread_t thread; /* the nurse's */
};

static struct cradle cradles[CRADLES];
static _Atomic(uint32_t) bell;

/* The process that has a nurse; a forked child has none. */
static int nursed_process;

static void wait_at(_Atomic(uint32_t) *word, uint32_t value, long nanoseconds)
{
    struct timespec pause = {0, nanoseconds};
    (void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, nanoseconds == 0 ? NULL : &pause,
                  NULL, 0);
}

static void wake_at(_Atomic(uint32_t) *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *live(void *argument)
{
    static const size_t sizes[] = {16, 64, 500, 3000, 40000};
    struct cradle *cradle = argument;
    void *blocks[sizeof sizes / sizeof *sizes];
    /* order: relaxed -- carried by the state */
    ep__store_relaxed(&cradle->tid, freeze_tid());
    /* order: release -- pairs with freeze_birth_call; carries the thread's number */
    ep__store_release(&cradle->state, WAITING);
    /* order: acquire -- pairs with freeze_birth_call */
    while (ep__load_acquire(&cradle->state) == WAITING)
        wait_at(&cradle->state, WAITING, 0);
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        blocks[i] = malloc(sizes[i]);
        freeze_burst_step();
    }
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
        free(blocks[i]);
    freeze_burst_step();
    return NULL;
}

static void look_after(struct cradle *cradle)
{
    /* order: acquire -- pairs with freeze_birth_call */
    switch (ep__load_acquire(&cradle->state)) {
    case GONE:
        (void)pthread_join(cradle->thread, NULL);
        /* order: relaxed -- the nurse only looks at what it is about to make */
        ep__store_relaxed(&cradle->state, EMPTY);
        break;
    case EMPTY:
        /* order: relaxed -- the newborn's creation carries it */
        ep__store_relaxed(&cradle->state, COMING);
        if (!freeze_thread(live, cradle, &cradle->thread)) {
            /* order: relaxed -- nobody else is in the cradle */
            ep__store_relaxed(&cradle->state, EMPTY);
        }
        break;
    default:
        break;
    }
}

static void *nurse(void *unused)
{
    for (;;) {
        /* order: relaxed -- only how long to sleep hangs on it */
        uint32_t rung = ep__load_relaxed(&bell);
        for (unsigned i = 0; i < CRADLES; i++)
            look_after(&cradles[i]);
        wait_at(&bell, rung, 20L * 1000 * 1000);
    }
    return unused;
}

/* A forked child inherits the cradles of threads that it does not have. */
void freeze_birth_start(void)
{
    for (unsigned i = 0; i < CRADLES; i++) {
        /* order: relaxed -- the nurse's creation carries it */
        ep__store_relaxed(&cradles[i].state, EMPTY);
    }
    pthread_t thread;
    nursed_process = getpid();
    (void)freeze_thread(nurse, NULL, &thread);
}

static struct cradle *find_waiting(void)
{
    for (unsigned i = 0; i < CRADLES; i++) {
        /* order: acquire -- pairs with live */
        if (ep__load_acquire(&cradles[i].state) == WAITING)
            return &cradles[i];
    }
    return NULL;
}

void freeze_birth_call(void)
{
    if (nursed_process != getpid())
        freeze_birth_start();
    struct cradle *cradle = find_waiting();
    if (cradle == NULL)
        return;
    /* order: relaxed -- carried by the state */
    int tid = ep__load_relaxed(&cradle->tid);
    freeze_burst_watch(tid);
    /* order: release -- pairs with live */
    ep__store_release(&cradle->state, CALLED);
    wake_at(&cradle->state);
    while (syscall(SYS_tgkill, getpid(), tid, 0) == 0)
        (void)sched_yield();
    freeze_burst_watch(freeze_tid());
    /* order: release -- pairs with look_after */
    ep__store_release(&cradle->state, GONE);
    /* order: relaxed -- only wakes */
    ep__fetch_add_relaxed(&bell, 1);
    wake_at(&bell);
}
