/* USDT probes: an event of each kind for debuggers and tracers that are attached from outside.
 *
 * Layer: sys.  Uses: <sys/sdt.h>.  Used by: event.
 *
 * A probe is a `nop` and an ELF note that says where it lies, where its arguments are, and which word counts those
 * who watch; so it costs what its point costs (event.h).  The provider is `epmalloc`, a probe's name the kind's.
 * docs/tracing.md lists probes and arguments; a test reads the notes out of the built library.
 */
#ifndef EPMALLOC_SYS_PROBES_H
#define EPMALLOC_SYS_PROBES_H

#include "sys/event.h"

/* Runs over the nop of the event's kind.  Arguments: object, before, after, number, class, span. */
void ep__probe_fire(const struct event *event);

#endif
