/* Formats: the figures as documents.
 *
 * Layer: observe.  Uses: figures, sys/stream.  Used by: observe (stats), api (malloc_info, malloc_stats).
 *
 *     text          epmalloc: arenas               = 3
 *                   epmalloc: class index=31 block_bytes=512 pools_owned=1 ...
 *     JSON          {"process":{"arenas":3,...},"classes":[{"index":31,...}],"arenas":[...],"threads":[...]}
 *     OpenMetrics   # TYPE epmalloc_arenas gauge       and   epmalloc_class_pools_owned{index="31",...} 1
 *     XML           <epmalloc arenas="3" ...><class index="31" .../>...</epmalloc>
 *
 * Algorithm.  Each format goes through the same table (figures.h) and differs in punctuation only.  OpenMetrics wants
 * all samples of a figure together, so there the records are gone through once for each figure: arenas and threads
 * that come and go meanwhile are in some figures and not in others.
 *
 * Any thread; async-signal-safe when the stream's sink is.
 */
#ifndef EPMALLOC_OBSERVE_FORMATS_H
#define EPMALLOC_OBSERVE_FORMATS_H

#include "observe/account.h"
#include "sys/stream.h"

/* Puts the parts (a sum of enum ep_stats_parts) of an account into a stream.  False: there is no such format or
 * part, and nothing was put. */
bool ep__format_put(struct stream *stream, const struct account *account,
                    enum ep_stats_format format, unsigned parts);

#endif
