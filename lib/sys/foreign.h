/* Pointers that are not ours.
 *
 * Layer: sys.  Uses: report, options, atomic.  Used by: cache, api.
 *
 * A free of a pointer from elsewhere is not our corruption: it is named on stderr, once for each place in the
 * program that does it (the first 64 places), and ignored; with abort:1 the process is aborted.
 * Any thread; lock-free; edges: none (a place is a number by itself).
 */
#ifndef EPMALLOC_SYS_FOREIGN_H
#define EPMALLOC_SYS_FOREIGN_H

/* Reports `call` ("free", "realloc") of a foreign pointer by the code at call_site.  Keeps errno. */
void ep__foreign_report(const char *call, const void *p, const void *call_site);

#endif
