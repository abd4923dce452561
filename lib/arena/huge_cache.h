/* The cache of freed huge mappings.
 *
 * Layer: arena.  Uses: sys/vm.  Used by: huge.
 *
 *     slot: 64 bits = address >> 12 (36) | pages of 4 KiB (28);  0: empty
 *
 * Algorithm.  64 words, each of which *is* a mapping: whoever swaps it out has it.  Taking finds the
 * smallest that is big enough and cuts off what is too much; putting first joins the mapping with cached
 * neighbours.  Nothing else describes a cached mapping, so there is nothing to keep consistent.
 *
 * Who may overlap: everything.
 * Edges: HCA (a mapping's pages: from who puts to who takes).
 * ABA: a word that came back describes the same range, free again.
 * Progress: wait-free but for retries when another thread has taken the slot that was chosen: lock-free.
 * Bad at: more than 64 mappings; what does not fit goes back to the system.
 */
#ifndef EPMALLOC_ARENA_HUGE_CACHE_H
#define EPMALLOC_ARENA_HUGE_CACHE_H

#include <stdbool.h>
#include <stddef.h>

struct mapping {
    char *start;
    size_t bytes;
};

/* Takes the best fit of at least `bytes`; more than a quarter too much is cut off and stays cached.  False:
 * none is big enough. */
bool ep__huge_cache_take(size_t bytes, struct mapping *got);

/* Takes the biggest mapping.  False: empty. */
bool ep__huge_cache_take_biggest(struct mapping *got);

/* Keeps a mapping.  False when there is no room; the caller still has it, joined with what is in *mapping. */
bool ep__huge_cache_put(struct mapping *mapping);

size_t ep__huge_cache_bytes(void);

#endif
