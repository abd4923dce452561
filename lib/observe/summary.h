/* The profile in words: totals, lifetimes, threads.
 *
 * Layer: observe.  Uses: profile, sys/stream.  Used by: profiler.
 * Async-signal-safe.  Wait-free, but for the sink.
 */
#ifndef EPMALLOC_OBSERVE_SUMMARY_H
#define EPMALLOC_OBSERVE_SUMMARY_H

#include "observe/profile.h"
#include "sys/stream.h"

/* Puts it. */
void ep__summary_put(struct stream *stream, enum ep__profile_kind kind, uint64_t interval);

#endif
