/* Atomic accesses that the explorer schedules: stands in for lib/sys/atomic.h, with the same names.
 *
 * Each access is a call of model_access(), at which the explorer may let other threads go on.  The site
 * says what a counterexample prints: the object as it is written in the source, and the function.
 */
#ifndef EPMALLOC_SYS_ATOMIC_H
#define EPMALLOC_SYS_ATOMIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum model_kind {
    MODEL_LOAD,
    MODEL_STORE,
    MODEL_EXCHANGE,
    MODEL_ADD,
    MODEL_SUB,
    MODEL_OR,
    MODEL_AND,
    MODEL_CAS,
    MODEL_FENCE
};

enum model_order { MODEL_RELAXED, MODEL_ACQUIRE, MODEL_RELEASE, MODEL_ACQ_REL, MODEL_SEQ_CST };

struct model_site {
    const char *object;
    const char *function;
    enum model_kind kind;
    enum model_order order;
    unsigned size;
};

/* One access; returns the value that was there before, or for a compare-and-swap whether it took place. */
uint64_t model_access(const struct model_site *site, void *object, uint64_t operand,
                      void *expected);

/* The type of an object without _Atomic. */
#define MODEL_TYPE(obj) __typeof__((void)0, *(obj))

#define MODEL_ACCESS(obj, text, kind, order, operand, expected)                                    \
    (__extension__({                                                                               \
        static const struct model_site site_ = {text, __func__, kind, order, sizeof *(obj)};       \
        model_access(&site_, (void *)(obj), (uint64_t)(uintptr_t)(operand), (expected));           \
    }))
#define MODEL_VALUE(obj, text, kind, order, operand)                                               \
    (__extension__({                                                                               \
        uint64_t value_ = MODEL_ACCESS(obj, text, kind, order, operand, NULL);                     \
        (MODEL_TYPE(obj))(uintptr_t) value_;                                                       \
    }))

#define ep__load_relaxed(obj) MODEL_VALUE(obj, #obj, MODEL_LOAD, MODEL_RELAXED, 0)
#define ep__load_acquire(obj) MODEL_VALUE(obj, #obj, MODEL_LOAD, MODEL_ACQUIRE, 0)
#define ep__load_seq_cst(obj) MODEL_VALUE(obj, #obj, MODEL_LOAD, MODEL_SEQ_CST, 0)

#define ep__store_relaxed(obj, v)                                                                  \
    ((void)MODEL_ACCESS(obj, #obj, MODEL_STORE, MODEL_RELAXED, v, NULL))
#define ep__store_release(obj, v)                                                                  \
    ((void)MODEL_ACCESS(obj, #obj, MODEL_STORE, MODEL_RELEASE, v, NULL))
#define ep__store_seq_cst(obj, v)                                                                  \
    ((void)MODEL_ACCESS(obj, #obj, MODEL_STORE, MODEL_SEQ_CST, v, NULL))

#define ep__exchange_relaxed(obj, v) MODEL_VALUE(obj, #obj, MODEL_EXCHANGE, MODEL_RELAXED, v)
#define ep__exchange_acquire(obj, v) MODEL_VALUE(obj, #obj, MODEL_EXCHANGE, MODEL_ACQUIRE, v)
#define ep__exchange_release(obj, v) MODEL_VALUE(obj, #obj, MODEL_EXCHANGE, MODEL_RELEASE, v)
#define ep__exchange_acq_rel(obj, v) MODEL_VALUE(obj, #obj, MODEL_EXCHANGE, MODEL_ACQ_REL, v)

/* No place where others go on: who reads the number concludes nothing from it. */
#define ep__add_own_relaxed(obj, v)                                                                \
    (__extension__({                                                                               \
        MODEL_TYPE(obj) *own_ = (MODEL_TYPE(obj) *)(void *)(obj);                                  \
        *own_ += (v);                                                                              \
    }))

#define ep__fetch_add_relaxed(obj, v) MODEL_VALUE(obj, #obj, MODEL_ADD, MODEL_RELAXED, v)
#define ep__fetch_add_acq_rel(obj, v) MODEL_VALUE(obj, #obj, MODEL_ADD, MODEL_ACQ_REL, v)
#define ep__fetch_sub_relaxed(obj, v) MODEL_VALUE(obj, #obj, MODEL_SUB, MODEL_RELAXED, v)
#define ep__fetch_or_relaxed(obj, v) MODEL_VALUE(obj, #obj, MODEL_OR, MODEL_RELAXED, v)
#define ep__fetch_and_relaxed(obj, v) MODEL_VALUE(obj, #obj, MODEL_AND, MODEL_RELAXED, v)
#define ep__fetch_or_release(obj, v) MODEL_VALUE(obj, #obj, MODEL_OR, MODEL_RELEASE, v)
#define ep__fetch_or_acq_rel(obj, v) MODEL_VALUE(obj, #obj, MODEL_OR, MODEL_ACQ_REL, v)
#define ep__fetch_and_acquire(obj, v) MODEL_VALUE(obj, #obj, MODEL_AND, MODEL_ACQUIRE, v)
#define ep__fetch_and_release(obj, v) MODEL_VALUE(obj, #obj, MODEL_AND, MODEL_RELEASE, v)
#define ep__fetch_or_seq_cst(obj, v) MODEL_VALUE(obj, #obj, MODEL_OR, MODEL_SEQ_CST, v)
#define ep__fetch_and_seq_cst(obj, v) MODEL_VALUE(obj, #obj, MODEL_AND, MODEL_SEQ_CST, v)
#define ep__fetch_and_acq_rel(obj, v) MODEL_VALUE(obj, #obj, MODEL_AND, MODEL_ACQ_REL, v)

/* A weak compare-and-swap fails here only when a strong one would. */
#define MODEL_SWAP(obj, text, order, expected, v)                                                  \
    (MODEL_ACCESS(obj, text, MODEL_CAS, order, v, expected) != 0)
#define ep__cas_weak_relaxed(obj, expected, v) MODEL_SWAP(obj, #obj, MODEL_RELAXED, expected, v)
#define ep__cas_weak_acquire(obj, expected, v) MODEL_SWAP(obj, #obj, MODEL_ACQUIRE, expected, v)
#define ep__cas_weak_release(obj, expected, v) MODEL_SWAP(obj, #obj, MODEL_RELEASE, expected, v)
#define ep__cas_weak_acq_rel(obj, expected, v) MODEL_SWAP(obj, #obj, MODEL_ACQ_REL, expected, v)
#define ep__cas_strong_relaxed(obj, expected, v) MODEL_SWAP(obj, #obj, MODEL_RELAXED, expected, v)
#define ep__cas_strong_acquire(obj, expected, v) MODEL_SWAP(obj, #obj, MODEL_ACQUIRE, expected, v)
#define ep__cas_strong_release(obj, expected, v) MODEL_SWAP(obj, #obj, MODEL_RELEASE, expected, v)
#define ep__cas_strong_acq_rel(obj, expected, v) MODEL_SWAP(obj, #obj, MODEL_ACQ_REL, expected, v)
#define ep__cas_strong_seq_cst(obj, expected, v) MODEL_SWAP(obj, #obj, MODEL_SEQ_CST, expected, v)

#endif
