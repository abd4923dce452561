/* The profiler: sampling and its outputs, as options, signals and callers ask for them.
 *
 * Layer: observe.  Uses: sampling, stack, pprof, heap_text, leaks, sys/options.  Used by: api, the endpoint.
 *
 * Options are looked at when the library is loaded: then the unwinder may be loaded too, which an allocation may not do.
 * What the process allocates before is not sampled.
 *
 * A signal that an option names starts the sampling at its first arrival, and writes a profile at every
 * other one; its handler is the only one that the library makes.  The files are EP__PROFILE_FILE with the process's number
 * and a count.
 *
 * At the process's end, after the program's own destructors: the profile's file and the leak report, where options ask for them.
 *
 * Any thread.  What waits: the report's caller, for the child that looks (leaks.h).
 */
#ifndef EPMALLOC_OBSERVE_PROFILER_H
#define EPMALLOC_OBSERVE_PROFILER_H

#include <epmalloc/epmalloc.h>

#include "sys/stream.h"

#define EP__PROFILE_FILE "epmalloc.<process>.<count>.pb.gz"

/* Each returns 0 or an errno. */
int ep__profiler_start(size_t interval_bytes);
int ep__profiler_write(int file, enum ep_profile_format format, enum ep_profile_kind kind);

/* Puts a profile in one of the forms that are text; false: it is none. */
bool ep__profiler_put(struct stream *stream, enum ep_profile_format format,
                      enum ep_profile_kind kind);

/* Writes a pprof file into the working folder; says which, or why not, on stderr. */
void ep__profiler_write_file(void);

#endif
