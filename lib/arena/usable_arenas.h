/* usable_arenas: the index of arenas that have a free slot, ordered fullest first.
 *
 * Layer: arena.  Uses: arena_set.  Used by: arena.
 *
 * Algorithm.  64 buckets, one a number of free slots, each a set of arenas: the first member of the first
 * non-empty bucket is the fullest usable arena with the lowest address, so sparse arenas drain and go back.
 * CPython keeps a sorted list and nfp2lasta[n], the last arena with n free pools; here the bucket index is
 * n itself and the list with its splices disappears.  Arenas with an aligned hole of 2, 4, 8 or 16 slots are
 * members of a set for each, for what needs several slots.
 *
 * An arena's `bucket` word says of which bucket it is to be a member; who changes it by compare-and-swap
 * adds it to the new set and removes it from the old one.  To keep moves rare an arena stays in its bucket
 * until it has drifted by two, except at the ends (0, 1, 63, 64 free slots), where it matters at once.
 *
 * Who may overlap: any operation with any other; a set is a hint, the arena's word the truth.
 * Invariant: at rest an arena with a free slot is a member of bucket `bucket`, 1 <= bucket, and
 * |bucket - free slots| <= 1; bucket is 0 for one without.  Two updates at once may leave it a member of another
 * bucket too, as the explorer of tests/model shows; the search that meets it there takes it out.
 *
 * Edges: BKT (the order between an arena's word and its bucket word).
 * Progress: lock-free; update repeats only when the word or the bucket changed meanwhile.
 * A thread stopped inside update hides at most this arena from candidates; a sweep still finds it.
 */
#ifndef EPMALLOC_ARENA_USABLE_ARENAS_H
#define EPMALLOC_ARENA_USABLE_ARENAS_H

#include "arena/arena.h"

/* Moves an arena to the bucket that its word asks for.  Called after every change of the word. */
void ep__usable_arenas_update(struct arena *arena);

/* Makes an arena a member of the hole sets that `after` has come to deserve and `before` did not. */
void ep__usable_arenas_note_holes(struct arena *arena, uint64_t before, uint64_t after);

/* A usable arena whose bucket is at least `bucket` (fullest, lowest first), in any window, or NULL. */
struct arena *ep__usable_arenas_fullest(unsigned bucket);

/* An arena above `after` (NULL: from the start) that is noted as having an aligned hole of 2^hole slots. */
struct arena *ep__usable_arenas_with_hole(unsigned hole, const struct arena *after);

/* Corrects the hint by which a candidate was found that turned out not to have what the hint said. */
void ep__usable_arenas_correct_hole(struct arena *arena, unsigned hole);

#endif
