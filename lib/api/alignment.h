/* Alignments: which are valid, and the fast path for the usual ones.
 *
 * Layer: api.  Uses: api/fast.h, cache.  Used by: aligned, libc, cxx.
 *
 * Algorithm.  A size that is a multiple of a power of two `a` has a class that is one too: up to 512 bytes
 * it is its own class; above, classes are multiples of a step that is a power of two, and if a is smaller
 * than the step it divides it, else the size is its own class.  Blocks of a class lie at multiples of the
 * largest power of two that divides it (pool.h).  So an aligned block of a pool is a block of the rounded
 * size, and is popped from the same list as malloc's.  The slow path gets what was asked for.
 */
#ifndef EPMALLOC_API_ALIGNMENT_H
#define EPMALLOC_API_ALIGNMENT_H

#include "api/fast.h"
#include "cache/cache.h"
#include "sys/bits.h"

/* Up to these an aligned block is one of a one-slot pool. */
enum { EP__FAST_ALIGNMENT_MAX = 1024, EP__FAST_ALIGNED_BYTES_MAX = 4096 };

/* The smallest power of two that is at least `alignment`; 0 where size_t has none. */
static inline size_t ep__alignment_round_up(size_t alignment)
{
    if (alignment > SIZE_MAX / 2 + 1)
        return 0;
    return (size_t)1 << ep__log2_ceil(alignment);
}

/* A block at a multiple of `alignment`, a power of two.  NULL and ENOMEM without memory. */
EP__INLINE void *ep__fast_aligned(size_t alignment, size_t size)
{
    if (alignment > EP__FAST_ALIGNMENT_MAX || size > EP__FAST_ALIGNED_BYTES_MAX)
        return ep__cache_aligned(alignment, size);
    void *p = ep__fast_pop(ep__round_up(size + (size == 0), alignment));
    return ep__likely(p != NULL) ? p : ep__cache_aligned(alignment, size);
}

#endif
