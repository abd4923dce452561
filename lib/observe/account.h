/* The account: where every byte is, and what has happened to it.
 *
 * Layer: observe.  Uses: arena, pool, cache, view.  Used by: observe (stats, formats, cpython), api (mallinfo).
 *
 * Algorithm.  Every arena in use is walked slot by slot: free, the head of a pool or run, or in transition.
 * A pool's blocks are counted for its class as view.h tells them; where another thread owns it, all but those that
 * others have freed count as in use and as uncertain.  At rest nothing is uncertain, and the sum of all parts is the
 * arenas' size, to the byte; the parts are counted apart, so the sum is a check.  Events are the sums of what control
 * blocks count, which outlive their threads.
 *
 * The figures and what they mean stand in one table, figures.h.
 *
 * Any thread, beside anything; async-signal-safe.  Progress: lock-free, in proportion to arenas and threads.
 */
#ifndef EPMALLOC_OBSERVE_ACCOUNT_H
#define EPMALLOC_OBSERVE_ACCOUNT_H

#include <epmalloc/epmalloc.h>

#include "arena/arena.h"

struct account {
    struct ep_stats totals;
    struct ep_class classes[EP__CLASSES];
};

/* Fills *account. */
void ep__account_take(struct account *account);

/* Whether a class has ever had a pool. */
bool ep__account_has(const struct ep_class *class);

/* What people are shown of an arena in use. */
void ep__account_arena(unsigned window, struct arena *arena, struct ep_arena *shown);

/* The first thread alive from id *id on, its id in *id; false: there is none. */
bool ep__account_next_thread(uint32_t *id, struct ep_thread *shown);

#endif
