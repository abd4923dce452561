/* The leak report: blocks in use that nothing points at.
 *
 * Layer: observe.  Uses: reach, walk, cache (records), tally, stack_table, mappings.  Used by: profiler, api.
 *
 * Algorithm.  A child process is made, which has the memory as it was at that moment; there everything reachable is
 * marked (reach.h), all blocks are walked and summed by size class, and those that have a record by call site:
 * sampled ones as what they stand for, in checking mode all as they are.  The child writes the report and sends the sums
 * through a pipe.  So the process stands still for no longer than the kernel takes to copy its page tables.
 * The child is made by clone() without a signal at its end, so that neither the program's handlers of fork() nor its
 * waiting for children notice it.
 *
 * A block of a pool that another thread owns may be free without anybody knowing: it counts as uncertain.
 *
 * Any thread.  The caller waits for the child.  Fails: an errno.
 */
#ifndef EPMALLOC_OBSERVE_LEAKS_H
#define EPMALLOC_OBSERVE_LEAKS_H

#include <epmalloc/epmalloc.h>

#include <sys/types.h>

/* Writes the report; 0 or an errno. */
int ep__leaks_write(int file, struct ep_leaks *sums);

/* The same without waiting: the report comes out of *pipe_end, which does not block.  0 or an errno. */
int ep__leaks_begin(int *pipe_end, pid_t *child);

/* Its reader has had enough: the child is ended, if it is not done. */
void ep__leaks_end(pid_t child);

/* Writes it to stderr; ends the process with the option's exit code where something has leaked. */
void ep__leaks_at_exit(void);

#endif
