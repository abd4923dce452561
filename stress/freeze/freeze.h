/* What the two processes of stress_freeze share: the driver, which stops one thread after each instruction,
 * and the process under test, in which that thread (the *victim*) and others run.
 *
 *     driver (driver.c)                       process under test (child.c), under the preloaded allocator
 *       steps, one instruction at a time  ->  victim: one operation (operations.c)
 *       `wanted`, `kinds`                 ->  burster: a burst of other operations (burst.c)
 *       waits for `done` (judge.c)        <-
 *
 * Nouns: an *operation* is what the victim does while it is stepped; a *burst* is what others must
 * complete while it stands still; a *kind* is one part of a burst; a *stop* is one standstill at which a burst was
 * asked for; a *region* is a row of stops during which one burst did not end.
 *
 * The process under test is the same program, executed again with --child and the allocator preloaded; the two
 * share one page.  They do not send signals, write to pipes or wait in the kernel for each other: the burster
 * spins, so that a stop costs microseconds, and nothing that it does for the harness needs a lock of
 * the C library that the victim may hold.
 */
#ifndef STRESS_FREEZE_FREEZE_H
#define STRESS_FREEZE_FREEZE_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/atomic.h"

enum {
    FREEZE_ROUNDS = 6, /* of a burst of the kind FREEZE_LIFE */
};

/* What a burst consists of; bit i of `kinds` asks for kind i. */
enum freeze_kind {
    FREEZE_LOCAL,  /* mallocs and frees of the burster's own, in many classes */
    FREEZE_REMOTE, /* frees of the victim's blocks, into its pools */
    FREEZE_REFILL, /* more blocks than one pool has: refill, acquire, empty */
    FREEZE_RUNS,   /* blocks of 40 KiB to 1 MiB */
    FREEZE_HUGE,   /* blocks with mappings of their own */
    FREEZE_RESIZE, /* realloc, calloc, aligned blocks */
    FREEZE_SLOTS,  /* several arenas are acquired, and given back */
    FREEZE_IDLE,   /* ep_thread_idle() */
    FREEZE_BIRTH,  /* another thread allocates for the first time, and exits */
    FREEZE_TRIM,   /* malloc_trim() */
    FREEZE_FORK,   /* a fork; the child allocates */
    FREEZE_LIFE,   /* FREEZE_ROUNDS phases of a program's life, and what is resident after each */
    FREEZE_KINDS,
};

struct freeze_shared {
    /* the driver's */
    alignas(64) _Atomic(uint32_t) wanted; /* the number of the burst that is asked for */
    _Atomic(uint32_t) kinds;              /* what it consists of */
    _Atomic(uint32_t) seized;             /* the number of the victim that may begin */

    /* the burster's */
    alignas(64) _Atomic(uint32_t) done; /* the last burst completed */
    _Atomic(uint32_t) steps;            /* grows with everything that it completes */
    _Atomic(uint32_t) doing;            /* the kind */
    _Atomic(int32_t) watched;           /* the thread or process that is at work on the burst */
    _Atomic(uint32_t) children_done;    /* children of FREEZE_FORK that came to their end */
    _Atomic(size_t) rest_bytes[FREEZE_ROUNDS];
    _Atomic(size_t)
        live_bytes; /* resident in blocks that the victim's side keeps, at the end of FREEZE_LIFE */

    /* the victim's and its process's */
    alignas(64) _Atomic(uint32_t) ready; /* the number of the victim that waits to be seized */
    _Atomic(int32_t) victim;             /* its thread id */
    _Atomic(int32_t) process;
    _Atomic(uint32_t) inside; /* the victim is in the operation */
    _Atomic(uint32_t) ended;  /* all victims are through */
};

struct freeze_settings {
    const char *preload;    /* NULL: the C library's allocator */
    const char *operations; /* names, separated by commas; NULL: all */
    const char *json;       /* where to write the result for other programs; NULL: nowhere */
    const char *exclude;    /* operations left out */
    uint64_t seed;
    unsigned iterations; /* victims an operation */
    unsigned repeats;    /* stops at one instruction a victim */
    unsigned every;      /* of so many instructions one is a stop */
    unsigned stride;     /* from one process of operation.first_bursts to the next */
    unsigned samples;    /* of the second mode; 0: the first mode */
    bool is_brief;       /* the first region of the allocator's ends the run */
    bool prints_all;     /* each blocked region, not the first of each operation */
};

/* The process under test, with victims of these numbers: never returns. */
_Noreturn void freeze_child(int page, const char *operation, unsigned first, unsigned last);

/* Ends the run with a line "stress_freeze: FAILED: ...". */
_Noreturn void freeze_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
