/*
 * epmalloc - recordings: every change of state, told by the thread that made it.
 *
 * Included by epmalloc.h, whose head explains the words and the lines that docstrings end in.
 *
 * While a recording runs, each thread writes what it does to arenas, pools, runs, huge blocks and to
 * itself into a ring of its own: 4096 events of 48 bytes, in memory that is mapped when the thread
 * tells its first. A thread whose ring is full writes it to the recording's file; where there is no
 * file, what does not fit is counted and lost. Nobody waits for a reader, and nobody for a writer.
 *
 * `epmalloc trace` replays a recording, filters and summarises it; docs/tracing.md describes the
 * events, the format, and USDT probes at the same places. The option trace:FILE records from a
 * process's start to its exit.
 */
#ifndef EPMALLOC_TRACE_H
#define EPMALLOC_TRACE_H

#ifndef EPMALLOC_EPMALLOC_H
#error "include <epmalloc/epmalloc.h>"
#endif

/*
 * ep_trace_start - begins to record.
 *
 * Example:
 *     if (ep_trace_start(-1) == 0) {
 *         ep_free(ep_malloc(100000));
 *         ep_trace_stop(-1);
 *     }
 *
 * fd        a file descriptor open for appending, to which threads write their full rings until
 *           the recording is stopped; or -1: events stay in memory until ep_trace_drain() or
 *           ep_trace_stop() write them.
 * Returns 0; -1 on failure.
 * errno     EBUSY: a recording runs. ENOMEM. What fstat(2) and write(2) say of fd.
 *
 * A call of another thread that is under way may be recorded in part; so a recording that is to be
 * replayed exactly begins while other threads do not allocate, or with the option trace:FILE.
 *
 * Threads   any.
 * Progress  lock-free, but for the kernel's write.
 * Signals   async-signal-safe.
 */
EP_API int ep_trace_start(int fd);

/*
 * ep_trace_drain - writes what has been recorded and not been written yet.
 *
 * Example:
 *     ep_trace_drain(STDERR_FILENO);
 *
 * fd        a file descriptor.
 * Returns 0; -1 when something could not be written, which then is kept.
 * errno     What write(2) says. EBUSY: another thread drains at this moment a part of it; the rest
 *           has been written.
 *
 * Threads   any.
 * Progress  lock-free, but for the kernel's write.
 * Signals   async-signal-safe.
 */
EP_API int ep_trace_drain(int fd);

/*
 * ep_trace_stop - ends the recording, and writes what the tables say at its end.
 *
 * Example:
 *     ep_trace_stop(-1);
 *
 * fd        a file descriptor; -1: the one that ep_trace_start() had, or none.
 * Returns 0, also when no recording runs; -1 when something could not be written.
 * errno     As ep_trace_drain().
 *
 * What the tables say is compared by who replays the recording. At rest (stats.h) all of it must
 * agree; where other threads allocate meanwhile, pools may have moved on.
 *
 * Threads   any.
 * Progress  lock-free, but for the kernel's write.
 * Signals   async-signal-safe.
 */
EP_API int ep_trace_stop(int fd);

/*
 * ep_trace_dropped - the events that found no room since the recording began.
 *
 * Example:
 *     if (ep_trace_dropped() != 0)
 *         ep_trace_drain(STDERR_FILENO);
 *
 * Returns their number.
 *
 * Threads   any.
 * Progress  wait-free, in proportion to the threads that have recorded.
 * Signals   async-signal-safe.
 */
EP_API uint64_t ep_trace_dropped(void);

#endif
