/* Carving: making blocks out of a pool's untouched memory, about a page at a time.
 *
 * Layer: pool.  Uses: sys/vm, pool.  Used by: cache.
 *
 * A class in use costs a page, not a pool: blocks are linked only as far as the system page in which the
 * next block ends.  A class that keeps growing is carved in bigger chunks whose pages are faulted in by one
 * call, because a first touch costs more than the allocation.
 *
 * The owner only.  Invariant: blocks 0 .. carved-1 exist; the memory above has never been touched since the
 * pool was acquired.  Progress: wait-free but for the kernel.
 */
#ifndef EPMALLOC_POOL_CARVE_H
#define EPMALLOC_POOL_CARVE_H

#include "pool/pool.h"

/* Carves blocks that end within the next chunk (a page when chunk_bytes is 0), at least one, and returns
 * them as a chain in address order; NULL: carved to the end. */
struct block *ep__carve(struct pool *pool, size_t chunk_bytes);

#endif
