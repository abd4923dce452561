/* Carving: making blocks out of a pool's untouched memory, about a page at a time.
 *
 * Layer: pool.  Uses: sys/vm, pool.  Used by: cache.
 *
 * A class in use costs a page, not a pool: blocks are linked only as far as the system page in which the
 * next block ends.  (Bigger chunks for classes that grow, faulted in by one call, were measured: no time gained, 3
 * to 30 % more memory.)
 *
 * The owner only.  Invariant: blocks 0 .. carved-1 exist; the memory above has never been touched since the
 * pool was acquired.  Progress: wait-free but for the kernel.
 */
#ifndef EPMALLOC_POOL_CARVE_H
#define EPMALLOC_POOL_CARVE_H

#include "pool/pool.h"

/* Carves the blocks that end within the next page, at least one, and returns them as a chain in address order;
 * NULL: carved to the end. */
struct block *ep__carve(struct pool *pool);

#endif
