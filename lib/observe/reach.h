/* Reachability: which blocks in use a pointer leads to.
 *
 * Layer: observe.  Uses: cache (lookup, records), walk, mappings, sys.  Used by: leaks.
 *
 * Nouns: a *root* is memory outside the heap that may hold pointers: every private, writable mapping up to 64 GiB that is neither
 * ours nor heap, which is data segments, stacks, and what the program has mapped.  A block is *reached* when a word of a root, or
 * of a reached block, is an address in it, at its start or inside.
 *
 * Algorithm.  Mark and scan, conservatively.  First the heap is walked: a bit for each block in use, at its start.  Then
 * each word of the roots that is an address in a block in use marks it, and puts it on a list of what is still to be
 * scanned; so do the words of those blocks.  Pages that are not in memory are skipped, because they read as zero: the
 * kernel's page map says which.
 * Of the calling thread's stack only what lies above its caller's frame is a root.  Registers are on it, because the
 * caller has saved them there.
 *
 * Works in a forked child, on its copy of the memory, which nobody changes; or in a process that stands still.
 * One thread.  Bad at: pointers that are hidden (compressed, with tags in the upper bits), or in other threads' registers;
 * stale words of stacks, which keep what is leaked.
 * Fails: ENOMEM.
 * Source: Boehm, Weiser, Garbage Collection in an Uncooperative Environment, 1988.
 */
#ifndef EPMALLOC_OBSERVE_REACH_H
#define EPMALLOC_OBSERVE_REACH_H

#include <stdbool.h>
#include <stdint.h>

/* Marks all that is reachable.  `stack` is where the calling thread's stack begins to count.  0 or an errno. */
int ep__reach_mark(const void *stack);

/* Whether the block in use that starts at an address has been reached. */
bool ep__reach_is_marked(const void *start);

#endif
