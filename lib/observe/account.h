/* The account: where every byte of the arenas is.
 *
 * Layer: observe.  Uses: arena, pool, cache.  Used by: api (statistics functions), programs (ep_stats).
 *
 * Algorithm.  Every arena in use is walked slot by slot: free, the head of a pool or run, or in transition.
 * A pool's free blocks are counted from its word alone (FULL, PARTIAL), or from the lists themselves when
 * the calling thread owns it.  Another thread's OWNED pool hides its private list: all its blocks but those
 * freed by others count as in use and, in bytes, as uncertain.  At rest there are none, and the sum of all
 * parts is the arenas' size, to the byte; the parts are counted apart, so the sum is a check.
 *
 * Any thread, beside anything; reads tables only.  Progress: lock-free, in proportion to the arenas.
 */
#ifndef EPMALLOC_OBSERVE_ACCOUNT_H
#define EPMALLOC_OBSERVE_ACCOUNT_H

#include <epmalloc/epmalloc.h>

/* Fills *account. */
void ep__account_take(struct ep_stats *account);

#endif
