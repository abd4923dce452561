/* Profiles as text.
 *
 * Layer: observe.  Uses: profile, stack_table, mappings, sys/stream.  Used by: profiler.
 *
 * Two forms, with the same numbers: samples and their bytes as they were taken, which the reader scales up by the
 * interval in the first line.  One entry a site, so that all samples of an entry are equally probable.
 *   EP__TEXT_JEMALLOC     "heap_v2/INTERVAL", as jeprof reads it
 *   EP__TEXT_GPERFTOOLS   "heap profile: ... @ heap_v2/INTERVAL", as google-pprof and pprof read it
 * Both end with the list of mappings.
 *
 * Async-signal-safe.  Wait-free, but for the sink.
 */
#ifndef EPMALLOC_OBSERVE_HEAP_TEXT_H
#define EPMALLOC_OBSERVE_HEAP_TEXT_H

#include "observe/profile.h"
#include "sys/stream.h"

enum ep__heap_text { EP__TEXT_JEMALLOC, EP__TEXT_GPERFTOOLS };

/* Puts the profile. */
void ep__heap_text_put(struct stream *stream, enum ep__heap_text form, enum ep__profile_kind kind,
                       uint64_t interval);

#endif
