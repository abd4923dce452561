/*
 * epmalloc-urcu - deferred free under the program's own liburcu.
 *
 * Link libepmalloc-urcu (`pkg-config epmalloc-urcu`, CMake: epmalloc::urcu), epmalloc, and the liburcu
 * flavour that the program uses. Include this header after liburcu's, which choose the flavour
 * (memb, mb, qsbr, bp) as they do for call_rcu():
 *
 *     #include <urcu.h>             or <urcu-qsbr.h>, <urcu-bp.h>, or RCU_MB and <urcu.h>
 *     #include <epmalloc-urcu.h>
 *     ...
 *     if (ep_free_rcu(node) != 0) { synchronize_rcu(); free(node); }
 *
 * An object needs no rcu_head. Blocks are collected by thread, up to 500 or 64 KiB; one grace period
 * stands for all of them. When it is over they are freed by the thread that deferred them, a few at a
 * time, so that they do not overflow its lists: by its later calls of the functions below. What a
 * thread leaves behind when it ends is freed by the next that calls one of them for the same flavour.
 *
 * A program that calls liburcu by a flavour's own names (urcu_memb_read_lock()), or has two flavours, names it:
 * ep_free_rcu_flavor(&urcu_memb_flavor, node).
 *
 * The docstrings end in the lines that the head of <epmalloc/epmalloc.h> explains. What is called inside
 * liburcu may allocate and take its locks.
 */
#ifndef EPMALLOC_URCU_H
#define EPMALLOC_URCU_H

#include <epmalloc/epmalloc.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rcu_flavor_struct;

/*
 * ep_free_rcu - frees a block after a grace period.
 *
 * p         a block in use, of malloc() or any function of epmalloc, that has been unlinked; or NULL (nothing
 *           happens). Nothing is written into it before the grace period is over.
 * Returns 0; -1 when the block has not been taken, and is still the caller's.
 * errno     ENOMEM when there is no memory to remember it in (8 bytes a block); untouched on success.
 *
 * Threads   registered with the flavour (bp: any), inside or outside read-side critical sections, as for call_rcu().
 * Progress  never waits for a grace period; call_rcu(), one of 500 times, takes liburcu's locks.
 * Signals   no.
 */
#define ep_free_rcu(p) ep_free_rcu_flavor(&rcu_flavor, (p))
EP_API int ep_free_rcu_flavor(const struct rcu_flavor_struct *flavor, void *p) EP_USE_RESULT;

/*
 * ep_defer_rcu - calls a function after a grace period.
 *
 * function  called once, with `argument`, by a thread that calls ep_defer_rcu(), ep_rcu_poll() or
 *           ep_rcu_barrier(). It may allocate, free and defer, but not wait in ep_rcu_barrier().
 * argument  any.
 * Returns 0; -1 when the call has not been taken.
 * errno     ENOMEM as for ep_free_rcu().
 *
 * Threads, Progress, Signals   as ep_free_rcu().
 */
#define ep_defer_rcu(function, argument) ep_defer_rcu_flavor(&rcu_flavor, (function), (argument))
EP_API int ep_defer_rcu_flavor(const struct rcu_flavor_struct *flavor,
                               void (*function)(void *argument), void *argument) EP_USE_RESULT;

/*
 * ep_rcu_poll - frees and calls what the thread has deferred and nobody can see any more.
 *
 * Begins the grace period of what has been collected so far, and takes what ended threads have left behind.
 * Returns how many of the thread's deferrals go on waiting.
 *
 * Threads, Progress, Signals   as ep_free_rcu().
 */
#define ep_rcu_poll() ep_rcu_poll_flavor(&rcu_flavor)
EP_API size_t ep_rcu_poll_flavor(const struct rcu_flavor_struct *flavor);

/*
 * ep_rcu_barrier - WAITS until all that the thread has deferred before is freed and called.
 *
 * Includes what ended threads have left behind. Waits for grace periods by the flavour's rcu_barrier().
 *
 * Threads   as rcu_barrier(): outside read-side critical sections, not in a deferred call.
 * Progress  waits.
 * Signals   no.
 */
#define ep_rcu_barrier() ep_rcu_barrier_flavor(&rcu_flavor)
EP_API void ep_rcu_barrier_flavor(const struct rcu_flavor_struct *flavor);

#ifdef __cplusplus
}
#endif

#endif
