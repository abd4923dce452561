/* Another thread's whole operation at every atomic access of an operation: what two threads can do to each
 * other while one of them is stopped, tried out by one thread, without luck.
 *
 *     #include "unit/interrupt.h"
 *     #include "pool/pool.c"       the file under test, compiled with accesses that can be interrupted
 *
 * Each access of lib/sys/atomic.h in the file can be interrupted.  A scene is played once for every access
 * of its act: there the first of the others comes in, runs whole, and the act goes on; where there is a second
 * one, it comes in at each of the next accesses.  After each time the scene's check says what must hold.
 * What is not tried: a thread that is stopped twice, and memory that is seen in another order than it was
 * written (stress/ and ThreadSanitizer see to that).
 */
#ifndef TESTS_UNIT_INTERRUPT_H
#define TESTS_UNIT_INTERRUPT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sys/atomic.h"

/* Before the accesses are redefined: windows and options, which no scene changes, are read without interruption. */
#include "arena/window.h"
#include "sys/options.h"

struct scene {
    void (*begin)(void);  /* makes new things to play with */
    void (*act)(void);    /* one thread's operation */
    void (*first)(void);  /* another's, while the first is stopped */
    void (*second)(void); /* a third's, then or later; may be NULL */
    void (*check)(void);
};

static struct interruption {
    const struct scene *scene; /* NULL: nobody comes in */
    unsigned accesses;
    unsigned first_at;
    unsigned second_at;
    bool has_first_run;
    bool has_second_run;
} interruption;

static inline void let_in(void)
{
    const struct scene *scene = interruption.scene;
    interruption.scene = NULL;
    if (!interruption.has_first_run && interruption.accesses >= interruption.first_at) {
        scene->first();
        interruption.has_first_run = true;
    }
    if (interruption.has_first_run && !interruption.has_second_run && scene->second != NULL &&
        interruption.accesses >= interruption.second_at) {
        scene->second();
        interruption.has_second_run = true;
    }
    interruption.scene = scene;
}

static inline void at_access(void)
{
    if (interruption.scene == NULL)
        return;
    interruption.accesses++;
    let_in();
}

/* Plays a scene once; says whether everybody came in before the act was over. */
static inline bool play_once(const struct scene *scene, unsigned first_at, unsigned second_at)
{
    scene->begin();
    interruption = (struct interruption){scene, 0, first_at, second_at, false, false};
    scene->act();
    bool is_inside =
        interruption.has_first_run && (scene->second == NULL || interruption.has_second_run);
    interruption.accesses = UINT32_MAX;
    let_in();
    interruption.scene = NULL;
    scene->check();
    return is_inside;
}

/* Plays a scene at every access; the last time the others come after the act. */
static inline void play(const struct scene *scene)
{
    enum { ACCESSES_BETWEEN = 8 };
    unsigned first_at = 1;
    bool is_inside = true;
    for (; is_inside; first_at++) {
        is_inside = play_once(scene, first_at, first_at);
        bool goes_on = is_inside && scene->second != NULL;
        for (unsigned more = 1; goes_on && more <= ACCESSES_BETWEEN; more++)
            goes_on = play_once(scene, first_at, first_at + more);
    }
    assert_true(first_at > 2);
}

#undef ep__load_relaxed
#define ep__load_relaxed(obj) (at_access(), atomic_load_explicit((obj), memory_order_relaxed))
#undef ep__load_acquire
#define ep__load_acquire(obj) (at_access(), atomic_load_explicit((obj), memory_order_acquire))
#undef ep__load_seq_cst
#define ep__load_seq_cst(obj) (at_access(), atomic_load_explicit((obj), memory_order_seq_cst))
#undef ep__store_relaxed
#define ep__store_relaxed(obj, v)                                                                  \
    (at_access(), atomic_store_explicit((obj), (v), memory_order_relaxed))
#undef ep__store_release
#define ep__store_release(obj, v)                                                                  \
    (at_access(), atomic_store_explicit((obj), (v), memory_order_release))
#undef ep__store_seq_cst
#define ep__store_seq_cst(obj, v)                                                                  \
    (at_access(), atomic_store_explicit((obj), (v), memory_order_seq_cst))
#undef ep__exchange_relaxed
#define ep__exchange_relaxed(obj, v)                                                               \
    (at_access(), atomic_exchange_explicit((obj), (v), memory_order_relaxed))
#undef ep__exchange_acquire
#define ep__exchange_acquire(obj, v)                                                               \
    (at_access(), atomic_exchange_explicit((obj), (v), memory_order_acquire))
#undef ep__exchange_release
#define ep__exchange_release(obj, v)                                                               \
    (at_access(), atomic_exchange_explicit((obj), (v), memory_order_release))
#undef ep__exchange_acq_rel
#define ep__exchange_acq_rel(obj, v)                                                               \
    (at_access(), atomic_exchange_explicit((obj), (v), memory_order_acq_rel))
#undef ep__fetch_add_relaxed
#define ep__fetch_add_relaxed(obj, v)                                                              \
    (at_access(), atomic_fetch_add_explicit((obj), (v), memory_order_relaxed))
#undef ep__fetch_sub_relaxed
#define ep__fetch_sub_relaxed(obj, v)                                                              \
    (at_access(), atomic_fetch_sub_explicit((obj), (v), memory_order_relaxed))
#undef ep__fetch_or_relaxed
#define ep__fetch_or_relaxed(obj, v)                                                               \
    (at_access(), atomic_fetch_or_explicit((obj), (v), memory_order_relaxed))
#undef ep__fetch_and_relaxed
#define ep__fetch_and_relaxed(obj, v)                                                              \
    (at_access(), atomic_fetch_and_explicit((obj), (v), memory_order_relaxed))
#undef ep__fetch_or_release
#define ep__fetch_or_release(obj, v)                                                               \
    (at_access(), atomic_fetch_or_explicit((obj), (v), memory_order_release))
#undef ep__fetch_or_acq_rel
#define ep__fetch_or_acq_rel(obj, v)                                                               \
    (at_access(), atomic_fetch_or_explicit((obj), (v), memory_order_acq_rel))
#undef ep__fetch_and_acquire
#define ep__fetch_and_acquire(obj, v)                                                              \
    (at_access(), atomic_fetch_and_explicit((obj), (v), memory_order_acquire))
#undef ep__fetch_and_release
#define ep__fetch_and_release(obj, v)                                                              \
    (at_access(), atomic_fetch_and_explicit((obj), (v), memory_order_release))
#undef ep__fetch_or_seq_cst
#define ep__fetch_or_seq_cst(obj, v)                                                               \
    (at_access(), atomic_fetch_or_explicit((obj), (v), memory_order_seq_cst))
#undef ep__fetch_and_seq_cst
#define ep__fetch_and_seq_cst(obj, v)                                                              \
    (at_access(), atomic_fetch_and_explicit((obj), (v), memory_order_seq_cst))
#undef ep__fetch_and_acq_rel
#define ep__fetch_and_acq_rel(obj, v)                                                              \
    (at_access(), atomic_fetch_and_explicit((obj), (v), memory_order_acq_rel))
#undef ep__cas_weak_relaxed
#define ep__cas_weak_relaxed(obj, expected, v)                                                     \
    (at_access(), atomic_compare_exchange_weak_explicit(                                           \
                      (obj), (expected), (v), memory_order_relaxed, memory_order_relaxed))
#undef ep__cas_weak_acquire
#define ep__cas_weak_acquire(obj, expected, v)                                                     \
    (at_access(), atomic_compare_exchange_weak_explicit(                                           \
                      (obj), (expected), (v), memory_order_acquire, memory_order_acquire))
#undef ep__cas_weak_release
#define ep__cas_weak_release(obj, expected, v)                                                     \
    (at_access(), atomic_compare_exchange_weak_explicit(                                           \
                      (obj), (expected), (v), memory_order_release, memory_order_relaxed))
#undef ep__cas_weak_acq_rel
#define ep__cas_weak_acq_rel(obj, expected, v)                                                     \
    (at_access(), atomic_compare_exchange_weak_explicit(                                           \
                      (obj), (expected), (v), memory_order_acq_rel, memory_order_acquire))
#undef ep__cas_strong_relaxed
#define ep__cas_strong_relaxed(obj, expected, v)                                                   \
    (at_access(), atomic_compare_exchange_strong_explicit(                                         \
                      (obj), (expected), (v), memory_order_relaxed, memory_order_relaxed))
#undef ep__cas_strong_acquire
#define ep__cas_strong_acquire(obj, expected, v)                                                   \
    (at_access(), atomic_compare_exchange_strong_explicit(                                         \
                      (obj), (expected), (v), memory_order_acquire, memory_order_acquire))
#undef ep__cas_strong_release
#define ep__cas_strong_release(obj, expected, v)                                                   \
    (at_access(), atomic_compare_exchange_strong_explicit(                                         \
                      (obj), (expected), (v), memory_order_release, memory_order_relaxed))
#undef ep__cas_strong_acq_rel
#define ep__cas_strong_acq_rel(obj, expected, v)                                                   \
    (at_access(), atomic_compare_exchange_strong_explicit(                                         \
                      (obj), (expected), (v), memory_order_acq_rel, memory_order_acquire))
#undef ep__cas_strong_seq_cst
#define ep__cas_strong_seq_cst(obj, expected, v)                                                   \
    (at_access(), atomic_compare_exchange_strong_explicit(                                         \
                      (obj), (expected), (v), memory_order_seq_cst, memory_order_seq_cst))

#endif
