/* Sampling: the allocations that a profile is made of.
 *
 * Layer: observe.  Uses: cache (watch, tracked, refill), draw, profile, stack, stack_table.  Used by: profiler, leaks.
 *
 * Nouns: a *sampling point* is the allocation of a class that is sampled next.  It lies `until` allocations of the class
 * ahead, a number drawn at the last one (draw.h); each class of each thread has its own, which in sum is the same as one
 * process over all bytes.
 *
 * Algorithm.  The fast paths know nothing.  What malloc can pop before it next comes to the slow path is kept below
 * `until`, in one of two ways:
 *   far   the list may not run dry for long, because frees go back to it.  It can be popped as often as it has blocks, and
 *         once more for each free; the pool's countdown, which free keeps anyway, ends after so many frees that the two
 *         come to `until`.  Then the list is counted, which tells how often it was popped, and all begins anew.
 *   near  (within NEAR_BLOCKS)  the list is cut to `until` blocks; the rest, and what the thread frees, goes to the pool's
 *         own list, so that the list can only shrink.  What was cut off counts as free.
 * When the list has run dry, its pops are known: what it had, and the frees since, if they went to it.  `until` is less
 * by them; at 0 the allocation is sampled: a tracked block (tracked.h), whose free takes the slow path, where the
 * sample ends.  A thread's current pool may change behind the sampler's back (ep_thread_idle()): then the point
 * is drawn anew, which the distribution allows at any moment at which nothing is known.
 * Runs and huge blocks always take the slow path; there the bytes to the next point are counted down.
 *
 * Size and weight go by the block's size, not by the size asked for.  A thread without a control block is not sampled.
 * The interval is the same while the process lives, because it is part of what a sample stands for.
 *
 * Switching on takes effect where a thread's lists run dry next, or at once if it asks for that; a thread that only ever allocates what it has just freed comes to it after 2^31 frees of a class.
 *
 * The state of a thread (struct sampler) is its own.  Who may overlap: everything.
 * Edges: WCH (watch.h) carries interval and seed.
 * Progress: lock-free, but for what stack.h says of the unwinder.  Fails: no memory for a tracked block: the allocation is
 * an ordinary one, and the point is lost.
 */
#ifndef EPMALLOC_OBSERVE_SAMPLING_H
#define EPMALLOC_OBSERVE_SAMPLING_H

#include "cache/watch.h"

/* Begins with a mean distance of `interval` bytes; seed 0: one that differs from process to process.  The unwinder should be
 * there.  0, EBUSY where somebody else watches, or EINVAL where an earlier start had another interval.  Async-signal-safe. */
int ep__sampling_start(uint64_t interval, uint64_t seed);

/* The calling thread is sampled from here on, and not only from where its lists run dry; not in a signal handler. */
void ep__sampling_begin_here(void);

/* Ends: no allocation is sampled any more; the ends of samples are still counted. */
void ep__sampling_stop(void);

bool ep__sampling_is_on(void);

/* The interval; 0: never started. */
uint64_t ep__sampling_interval(void);

/* The samples' ends, for a watcher that is told of frees in the sampler's place. */
void ep__sampling_freed(const struct tracked *tracked);

#endif
