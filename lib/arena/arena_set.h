/* Sets of arenas: bitmaps over the arenas of a window, with two levels of summary.
 *
 * Layer: arena.  Uses: window.  Used by: usable_arenas (buckets, holes), retire (retired arenas), pool
 * (which arenas have claimable pools of a class).
 *
 *     top      one word a set: bit s says that summary s may have a bit       (in the window's header)
 *     summary  one word a set and 64 groups: bit g says that leaf g may have a bit  (in the header)
 *     leaf     one word a set and group: bit a is arena a of the group        (in the group)
 *
 * The words of all sets for the same arenas lie together, so that a small heap touches one page.
 *
 * Algorithm.  An upper level is only a hint of the level below: it is set after the level below by an
 * unconditional fetch_or; it is cleared, then the level below is read again, and it is set again if need
 * be.  Testing before setting would be Dekker's race: the tester may see the bit that a clearer is about
 * to clear on the strength of an older, empty leaf.
 *
 * A leaf is itself a hint of the arena's own word for buckets, holes and partial pools (the caller reads
 * the truth again after ep__arena_set_remove); for retired arenas it is the truth: whose remove found the
 * bit has taken the arena.
 *
 * Who may overlap: any operation with any other.
 * Invariant: at rest, leaf bit => summary bit => top bit.
 * Edges: HNT (what was true before a bit was set is seen by who clears or takes it).
 * Progress: all wait-free, except next, whose restarts are other threads' removals.
 * A thread stopped between clearing a summary bit and re-reading hides the leaves below it from next, not
 * from a sweep that reads leaves.
 */
#ifndef EPMALLOC_ARENA_ARENA_SET_H
#define EPMALLOC_ARENA_ARENA_SET_H

#include "arena/window.h"

#define EP__ARENA_NONE UINT32_MAX

/* Adds an arena, after what makes it a member has been made true. */
void ep__arena_set_add(struct window *window, unsigned set, uint32_t arena_id);

/* Removes an arena; says whether this call removed it.  The caller then reads the truth again. */
bool ep__arena_set_remove(struct window *window, unsigned set, uint32_t arena_id);

/* The lowest member whose id is at least `from`, or EP__ARENA_NONE. */
uint32_t ep__arena_set_next(struct window *window, unsigned set, uint32_t from);

bool ep__arena_set_has(struct window *window, unsigned set, uint32_t arena_id);

#endif
