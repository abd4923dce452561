/* Memory that goes back: retirement of wholly free arenas, taking them again, purge of free slots.
 *
 * Layer: arena.  Uses: sys (vm, options, clock), epoch, usable_arenas.  Used by: arena, cache, api.
 *
 * Algorithm.  Every operation that makes an arena's word all-free asks whether more than keep_empty arenas
 * are wholly free and much more free memory is resident than the bound allows; if so it, or else the next
 * purge, compares-and-swaps ~0 -> 0.  That is the linearisation point: nobody can take a
 * slot of it any more, and nobody reads the memory of a slot that he does not hold, so its pages go back to
 * the system at once.  The range stays mapped and joins the set of retired arenas, from which anyone may
 * take it again at once.  Only giving the range's commit charge back (which makes it unreadable) waits for a
 * grace period, because a walker inside an epoch section may still be looking.
 *
 * Purge: the free slots of an arena that have pages are taken as any acquirer takes them, their pages are
 * given back in ranges, and they are put back.  The bound on free resident memory is
 * max(retain, retain_percent of the memory in use); what has exceeded it for purge_delay, or exceeds it
 * four times, is purged by the slow paths of free, emptiest arenas first, never by an allocation.
 *
 * Who may overlap: everything.  A purger or retirer that is stopped hides the slots of one arena.
 * Edges: RET (declared in arena.h).
 * Progress: lock-free; the number of arenas purged in one call is bounded except in ep__retire_purge_all.
 * Fails: pages that the kernel does not take back (locked memory) stay dirty and are not counted as given.
 * Source: CPython bpo-37257 (keep one empty arena).
 */
#ifndef EPMALLOC_ARENA_RETIRE_H
#define EPMALLOC_ARENA_RETIRE_H

#include "arena/arena.h"

/* Retires an arena that was just made all-free when more than keep_empty are. */
void ep__retire_if_surplus(struct arena *arena);

/* A retired or fresh arena that nobody else can reach, committed, its word still 0; NULL: no memory. */
struct arena *ep__retire_take_again_or_begin(void);

/* Purges free slots while more than the bound is resident; called by frees that have given slots back. */
void ep__retire_purge_excess(void);

/* Purges towards a target of retained bytes, some arenas; returns the bytes given back. */
size_t ep__retire_purge_some(size_t target);

/* Purges down to the bound, without a delay: the caller says that it will wait for long. */
void ep__retire_purge_now(void);

/* Gives back everything that can go: all free slots' pages, all wholly free arenas, and, after a grace
 * period, retired ranges' commit charge.  Returns the bytes given back now. */
size_t ep__retire_purge_all(struct epoch_record *record);

/* Gives the pages of a range back and counts that; false where the kernel promises nothing. */
bool ep__retire_purge_range(void *start, size_t bytes);

/* Bytes of free memory that may stay resident. */
size_t ep__retire_bound_bytes(void);

/* From now on the bound is at most so much. */
void ep__retire_allow(size_t bytes);

/* The slots in use, in bytes. */
size_t ep__retire_used_bytes(void);

/* Whether so many more bytes of free memory may stay resident for purge_delay. */
bool ep__retire_may_retain(size_t bytes);

/* Bytes of free memory, slots and cached huge mappings, that may be resident now. */
size_t ep__retire_retained_bytes(void);

#endif
