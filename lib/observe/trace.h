/* The end of a recording.
 *
 * Layer: observe.  Uses: sys/event, arena, pool, cache.  Used by: request; itself, at exit.
 *
 * What the tables say when a recording ends is written behind its events, as events that change nothing (kinds
 * SEEN_...): each arena's words, each pool's word, huge blocks, threads.  Who replays the recording compares.  Of an
 * arena each word is seen under a number of its own, so what is seen stands among the changes exactly where it
 * was read, other threads or not; of a pool it is the word's generation that says where.
 *
 * Any thread, beside anything.  Progress: lock-free, but for the kernel's write.
 */
#ifndef EPMALLOC_OBSERVE_TRACE_H
#define EPMALLOC_OBSERVE_TRACE_H

/* Ends the recording that runs: states, then what the rings hold.  A negative descriptor: the file that was
 * recorded to, if any.  Returns 0 or an errno. */
int ep__trace_end(int descriptor);

#endif
