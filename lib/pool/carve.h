/* Carving: making blocks out of a pool's untouched memory, about a page at a time.
 *
 * Layer: pool.  Uses: sys/vm, pool.  Used by: pool (uncarve), cache, observe.
 *
 * A class in use costs a page, not a pool: blocks are linked only as far as the system page in which the
 * next block ends.  (Bigger chunks for classes that grow, faulted in by one call, were measured: no time gained, 3
 * to 30 % more memory.)
 *
 * Two things say which blocks exist: the mark, below which carving has come, and the holes, pages that have gone back to
 * the system since (uncarve.h).  Holes are carved again before the mark moves on.
 *
 *     page      0       1       2       3       4
 *     block  |0|1|2|3|4|5|6|7|8|9|a|b|c|              5 straddles pages 1 and 2
 *     holes             X                             4, 5, 6 do not exist
 *     mark                            ^ a
 *
 * The owner only.  Invariants (ep__carve_check)
 *   1. block i exists exactly when i < mark and no page that it overlaps is a hole.
 *   2. carved is the number of blocks that exist.
 *   3. above the last block below the mark the memory has never been touched since the pool was acquired; a hole is
 *      untouched since it went back.
 * Progress: wait-free but for the kernel.
 */
#ifndef EPMALLOC_POOL_CARVE_H
#define EPMALLOC_POOL_CARVE_H

#include "pool/pool.h"

/* Some of a pool's blocks by their numbers, or pages: first to last, both included.  count 0: none. */
struct span {
    uint32_t first;
    uint32_t count;
};

/* Carves the blocks that end within the next page, at least one, and returns them as a chain in address order;
 * NULL: carved to the end. */
struct block *ep__carve(struct pool *pool);

/* The blocks that overlap some pages, and the pages that some blocks overlap. */
struct span ep__carve_blocks_of(struct pool *pool, struct span pages);
struct span ep__carve_pages_of(struct pool *pool, struct span blocks);

/* Makes those of some pages that are holes ordinary ones; the blocks that exist again by that, as a chain, and their
 * number. */
struct block *ep__carve_holes(struct pool *pool, struct span pages, uint32_t *count);

/* Whether a block exists. */
bool ep__carve_has(struct pool *pool, uint32_t block);

bool ep__carve_check(struct pool *pool);

#endif
