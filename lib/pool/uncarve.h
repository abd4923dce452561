/* Un-carving: pages inside a pool in use that no live block overlaps go back to the system.
 *
 * Layer: pool.  Uses: sys/vm, arena/retire, carve, pool.  Used by: cache.
 *
 * Nouns: a *hole* is a system page of a pool that has gone back; its bit is set in the pool's `holes`.  Carving takes
 * holes first (carve.h).  What one live block in twenty pins is its pool, but not the pages of the others: with small
 * blocks that die at random about half of all pages hold no live block.
 *
 * Algorithm.  The owner has a pool that is not current, so all of its free blocks that others have not freed since are
 * on `list`.
 *   1. which blocks are free: those on the list, and those that do not exist.
 *   2. a page may go when every block that overlaps it is free, and some of it was carved: also when the mark stands in
 *      it, which then moves behind the blocks that overlap the page.
 *   3. the holes' bits are set, and all blocks that overlap a hole leave the list: they do not exist any more.  This
 *      comes before the pages go, because their links are in them.
 *   4. the pages go, one call a row of pages.  Where the kernel refuses (locked memory), the bits are cleared again and
 *      the blocks come back to the list.
 * A block on the remote list, or withheld in a batch, counts as live.  A block that straddles the edge of a hole leaves
 * with it; so a hole stays untouched until it is carved, and a second look finds nothing twice.
 *
 * In a PARTIAL pool nobody may touch private fields: it is claimed, un-carved and released.  Its count does not change
 * by that, because blocks that do not exist count as free.  `looked` is a hint that keeps the next round from claiming
 * it again when neither state nor count have changed: what the word was before the release, as it will be after it.  A
 * free that comes in between makes the hint wrong, so the pool is looked at again; nothing is ever missed by it but what
 * 2^15 changes of the pool's state make look the same.
 *
 * Who may overlap: with the pool's other owner's operations nothing (the owner's, one at a time); with pushes,
 * everything: they touch the word and live blocks.  A page that goes is overlapped by blocks on the owner's own list only,
 * and nobody else reads those.
 * Invariants (ep__carve_check), and 4. a page is given back only while no live block overlaps it.
 * Progress: wait-free over the pool's blocks but for the kernel; over PARTIAL pools lock-free.  A thread that is
 * stopped in it hides one pool.
 * Fails: what the kernel does not take stays carved.
 * What it is bad at: a block in every page, which is what small sizes with many survivors are, gives nothing back; and
 * what comes again is a page fault a page.
 */
#ifndef EPMALLOC_POOL_UNCARVE_H
#define EPMALLOC_POOL_UNCARVE_H

#include "pool/carve.h"

/* Which PARTIAL pools are worth a claim. */
enum ep__uncarve_choice {
    EP__UNCARVE_CHANGED, /* those that have changed since they were last un-carved */
    EP__UNCARVE_QUIET,   /* of these the ones that have not changed since the last look */
};

/* Gives back the pages of a pool that only free blocks overlap: of one that the caller owns, not current, `listed` exact
 * and no countdown running.  Corrects list, listed and carved.  Returns the bytes that went. */
size_t ep__uncarve(struct pool *pool);

/* How far somebody who goes over all arenas has come. */
struct uncarve_place {
    uint32_t window;
    uint32_t id;
};

/* The same for all PARTIAL pools of some arenas, from a place on; adds to *bytes.  False: those were the last. */
bool ep__uncarve_some(struct uncarve_place *place, enum ep__uncarve_choice choice,
                      unsigned arenas_max, size_t *bytes);

/* The same for all arenas. */
size_t ep__uncarve_all(enum ep__uncarve_choice choice);

#endif
