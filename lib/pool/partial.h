/* Partial pools: finding a PARTIAL pool of a class before a new one is acquired.
 *
 * Layer: pool.  Uses: arena_set, pool.  Used by: pool, cache.
 *
 * Algorithm.  One hint bit a pool and kind (a class, or a class of tracked pools), 64 pools a word an arena, above it a set of arenas
 * per kind.
 * A PARTIAL pool is hinted from 1/8 free upward, so that nobody claims a pool for single blocks.  The hint is
 * set after the compare-and-swap that made the word PARTIAL (or carried it over 1/8), by an unconditional
 * fetch_or.  A searcher that finds the word otherwise clears the hint, reads the word again, and sets the
 * hint again if it should be there.
 *
 * Who may overlap: everything.
 * Invariant: at rest a PARTIAL pool with at least usable_at free blocks is hinted under its kind.
 * Edges: HNP (the word made PARTIAL is seen by who clears the hint).
 * Progress: lock-free; a candidate is passed over when its claim fails.
 */
#ifndef EPMALLOC_POOL_PARTIAL_H
#define EPMALLOC_POOL_PARTIAL_H

#include "pool/pool.h"

/* Notes that a pool has become claimable. */
void ep__partial_hint(struct pool *pool, unsigned kind);

/* Claims a PARTIAL pool of a kind, noted or (is_sweep) found by reading every arena's hints; NULL: none. */
struct pool *ep__partial_claim(unsigned kind, bool is_sweep, struct block **chain);

#endif
