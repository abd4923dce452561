/* The table of CPython's sys._debugmallocstats(), for this heap.
 *
 * Layer: observe.  Uses: account, sys/stream.  Used by: observe (stats).
 *
 * CPython's lines in CPython's order and layout (Objects/obmalloc.c), so that people and scripts that read the one
 * read the other.  Three lines more: runs, slots in transition, and how many of the allocated bytes are uncertain
 * (while threads run).  "Total" is the sum of the lines above it.
 *
 * Any thread; async-signal-safe when the stream's sink is.
 */
#ifndef EPMALLOC_OBSERVE_CPYTHON_H
#define EPMALLOC_OBSERVE_CPYTHON_H

#include "observe/account.h"
#include "sys/stream.h"

void ep__cpython_put(struct stream *stream, const struct account *account);

#endif
