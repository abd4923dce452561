/* What is due: blocks are freed and calls run, portion by portion.
 *
 * Layer: cache.  Uses: chunk, free, lookup.  Used by: deferred, whose header tells the algorithm.
 *
 * A group is the blocks of one pool in one bucket; one step of the ownership word frees it, or pushes on the list
 * of a pool that is the thread's own.  While a group is collected each block is marked in its second word with a number
 * that belongs to the chunk's goal and the block: a block that bears its mark already has been deferred twice.
 *
 * The owner only.  Progress: lock-free, but for the program's calls.
 */
#ifndef EPMALLOC_CACHE_DUE_H
#define EPMALLOC_CACHE_DUE_H

#include "cache/cache.h"
#include "cache/chunk.h"

/* Frees up to `most` blocks that are due; returns how many. */
uint32_t ep__due_free(struct cache *cache, uint32_t most);

/* Runs up to `most` calls that are due, unless the thread is running one. */
void ep__due_call(struct cache *cache, uint32_t most);

/* Takes the first closed chunk off its list; notes since when the oldest waits. */
struct chunk *ep__due_unlink_first(struct cache *cache, enum ep__deferred_kind kind);
void ep__due_note_oldest(struct cache *cache);

#endif
