/* Owner ids and their control blocks.
 *
 * Layer: cache.  Uses: sys.  Used by: thread.  The argument stands in thread.h (edges IDS, CTL).
 */
#ifndef EPMALLOC_CACHE_IDS_H
#define EPMALLOC_CACHE_IDS_H

#include "cache/cache.h"

/* Takes the lowest free id; false: none is left. */
bool ep__ids_take(uint32_t *id);

/* Gives an id back, after everything that bears it is gone. */
void ep__ids_give_back(uint32_t id);

/* The control block of an id that the caller holds; NULL: no memory. */
struct cache *ep__ids_block(uint32_t id);

/* The control block with the lowest id from *id on that has ever been used, its id in *id; NULL: there is none. */
struct cache *ep__ids_next_block(uint32_t *id);

bool ep__ids_is_taken(uint32_t id);

uint32_t ep__ids_count(void);
size_t ep__ids_block_bytes(void);

#endif
