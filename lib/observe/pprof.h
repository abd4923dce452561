/* Profiles as pprof reads them.
 *
 * Layer: observe.  Uses: profile, stack_table, mappings, protobuf, gzip, sys/stream.  Used by: profiler.
 *
 * A message Profile of profile.proto, gzipped: samples with alloc_objects, alloc_space, inuse_objects, inuse_space,
 * scaled up to what they stand for; locations, which are addresses inside the calling instruction and bear them as
 * their numbers; mappings with files and build ids.  Functions and lines are the reader's to find.
 *
 * Algorithm.  The fields of Profile may come in any order, but for strings, whose order is their number; so the writer
 * goes through the mappings, then through the sites, and writes each location before the first sample that has it.  Which
 * ones have been written is kept in a set in memory that is mapped meanwhile.
 *
 * Source: github.com/google/pprof, proto/profile.proto, for the numbers of the fields.
 * Async-signal-safe.  Wait-free, but for the sink.
 */
#ifndef EPMALLOC_OBSERVE_PPROF_H
#define EPMALLOC_OBSERVE_PPROF_H

#include "observe/profile.h"

/* Where the file goes: as a stream's sink. */
struct pprof_sink {
    int (*sink)(void *to, const char *bytes, size_t length);
    void *to;
};

/* Gives the profile to a sink; returns 0 or an errno. */
int ep__pprof_give(enum ep__profile_kind kind, uint64_t interval, struct pprof_sink sink);

/* Writes it to a file descriptor. */
int ep__pprof_write(enum ep__profile_kind kind, uint64_t interval, int file);

#endif
