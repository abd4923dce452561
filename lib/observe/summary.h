/* The profile in words: totals, lifetimes, threads.
 *
 * Layer: observe.  Uses: profile, sys/stream.  Used by: profiler.
 * Async-signal-safe.  Wait-free, but for the sink.
 */
#ifndef EPMALLOC_OBSERVE_SUMMARY_H
#define EPMALLOC_OBSERVE_SUMMARY_H

#include "observe/profile.h"

/* Writes it; returns 0 or the sink's failure. */
int ep__summary_write(enum ep__profile_kind kind, uint64_t interval, int file);

#endif
