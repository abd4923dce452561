/* Atomic accesses whose names hold their memory order.
 *
 * Layer: sys.  Uses: <stdatomic.h>.  Used by: everything that shares a word between threads.
 *
 * This is the only place that names C11's atomic operations.  No access has a default order; each use
 * carries a comment `order: <kind> [EDGE] -- reason` directly above it, and docs/orderings.md lists the
 * edges.  A model explorer replaces this header to make each access a scheduling point; therefore
 * nothing outside it may touch a shared word.
 *
 * These are macros because C has no functions over "a pointer to any atomic type".
 */
#ifndef EPMALLOC_SYS_ATOMIC_H
#define EPMALLOC_SYS_ATOMIC_H

#include <stdatomic.h>

#define ep__load_relaxed(obj) atomic_load_explicit((obj), memory_order_relaxed)
#define ep__load_acquire(obj) atomic_load_explicit((obj), memory_order_acquire)
#define ep__load_seq_cst(obj) atomic_load_explicit((obj), memory_order_seq_cst)

#define ep__store_relaxed(obj, v) atomic_store_explicit((obj), (v), memory_order_relaxed)
#define ep__store_release(obj, v) atomic_store_explicit((obj), (v), memory_order_release)
#define ep__store_seq_cst(obj, v) atomic_store_explicit((obj), (v), memory_order_seq_cst)

#define ep__exchange_relaxed(obj, v) atomic_exchange_explicit((obj), (v), memory_order_relaxed)
#define ep__exchange_acquire(obj, v) atomic_exchange_explicit((obj), (v), memory_order_acquire)
#define ep__exchange_release(obj, v) atomic_exchange_explicit((obj), (v), memory_order_release)
#define ep__exchange_acq_rel(obj, v) atomic_exchange_explicit((obj), (v), memory_order_acq_rel)

#define ep__fetch_add_relaxed(obj, v) atomic_fetch_add_explicit((obj), (v), memory_order_relaxed)
#define ep__fetch_add_acq_rel(obj, v) atomic_fetch_add_explicit((obj), (v), memory_order_acq_rel)
#define ep__fetch_sub_relaxed(obj, v) atomic_fetch_sub_explicit((obj), (v), memory_order_relaxed)
/* Adds to a number that only the calling thread writes and others read; returns the sum.  Two accesses, and nobody
 * may rely on what lies between them. */
#define ep__add_own_relaxed(obj, v)                                                                \
    (__extension__({                                                                               \
        __typeof__(ep__load_relaxed(obj)) sum_ = ep__load_relaxed(obj) + (v);                      \
        ep__store_relaxed((obj), sum_);                                                            \
        sum_;                                                                                      \
    }))

#define ep__fetch_or_relaxed(obj, v) atomic_fetch_or_explicit((obj), (v), memory_order_relaxed)
#define ep__fetch_and_relaxed(obj, v) atomic_fetch_and_explicit((obj), (v), memory_order_relaxed)
#define ep__fetch_or_release(obj, v) atomic_fetch_or_explicit((obj), (v), memory_order_release)
#define ep__fetch_or_acq_rel(obj, v) atomic_fetch_or_explicit((obj), (v), memory_order_acq_rel)
#define ep__fetch_and_acquire(obj, v) atomic_fetch_and_explicit((obj), (v), memory_order_acquire)
#define ep__fetch_and_release(obj, v) atomic_fetch_and_explicit((obj), (v), memory_order_release)
#define ep__fetch_or_seq_cst(obj, v) atomic_fetch_or_explicit((obj), (v), memory_order_seq_cst)
#define ep__fetch_and_seq_cst(obj, v) atomic_fetch_and_explicit((obj), (v), memory_order_seq_cst)
#define ep__fetch_and_acq_rel(obj, v) atomic_fetch_and_explicit((obj), (v), memory_order_acq_rel)

/* A failed compare-and-swap stores the value seen in *expected, with the order named last. */
#define ep__cas_weak_relaxed(obj, expected, v)                                                     \
    atomic_compare_exchange_weak_explicit((obj), (expected), (v), memory_order_relaxed,            \
                                          memory_order_relaxed)
#define ep__cas_weak_acquire(obj, expected, v)                                                     \
    atomic_compare_exchange_weak_explicit((obj), (expected), (v), memory_order_acquire,            \
                                          memory_order_acquire)
#define ep__cas_weak_release(obj, expected, v)                                                     \
    atomic_compare_exchange_weak_explicit((obj), (expected), (v), memory_order_release,            \
                                          memory_order_relaxed)
#define ep__cas_weak_acq_rel(obj, expected, v)                                                     \
    atomic_compare_exchange_weak_explicit((obj), (expected), (v), memory_order_acq_rel,            \
                                          memory_order_acquire)
#define ep__cas_strong_relaxed(obj, expected, v)                                                   \
    atomic_compare_exchange_strong_explicit((obj), (expected), (v), memory_order_relaxed,          \
                                            memory_order_relaxed)
#define ep__cas_strong_acquire(obj, expected, v)                                                   \
    atomic_compare_exchange_strong_explicit((obj), (expected), (v), memory_order_acquire,          \
                                            memory_order_acquire)
#define ep__cas_strong_release(obj, expected, v)                                                   \
    atomic_compare_exchange_strong_explicit((obj), (expected), (v), memory_order_release,          \
                                            memory_order_relaxed)
#define ep__cas_strong_acq_rel(obj, expected, v)                                                   \
    atomic_compare_exchange_strong_explicit((obj), (expected), (v), memory_order_acq_rel,          \
                                            memory_order_acquire)
#define ep__cas_strong_seq_cst(obj, expected, v)                                                   \
    atomic_compare_exchange_strong_explicit((obj), (expected), (v), memory_order_seq_cst,          \
                                            memory_order_seq_cst)

#endif
