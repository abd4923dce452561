/* Size classes: which block size serves a request, and how a pool of each class is cut.
 *
 * Layer: pool.  Uses: sys, arena (slot size).  Used by: pool, cache, observe, api.
 *
 * Classes 0..31 are CPython's: 16-byte steps to 512.  Above, eight classes a doubling to 32 KiB, so at most
 * 1/9 of a block is internal waste.  Every power of two is a class.  Blocks to 2 KiB live in pools of one
 * slot, bigger ones in pools of four, so that a pool has at least eight blocks.
 *
 * The class of a request is (size - 1) >> 4 up to 512, and above that a byte table indexed by
 * (size - 1) >> 6, which is exact because all classes above 512 are multiples of 64.
 *
 * Colour: pools start at addresses that share sets of the first-level cache, so the first block is moved up
 * by a multiple of the largest power of two that divides the class (at least 64), at most by what the last
 * block leaves over.  Anything else would break the alignment that the class promises.
 *
 * Invariants (ep__size_class_check): sizes grow; capacity * size + colours' span <= pool bytes; the class
 * of a class's size is the class itself.
 */
#ifndef EPMALLOC_POOL_SIZE_CLASS_H
#define EPMALLOC_POOL_SIZE_CLASS_H

#include "arena/window.h"
#include "sys/bits.h"

enum {
    EP__SMALL_BYTES_MAX = 512,
    EP__SMALL_CLASSES = 32,
    EP__CLASS_BYTES_MAX = 32768,
    EP__CLASS_NONE = 0xff,
    EP__CAPACITY_MAX = 4096, /* of any class */
};
/* Requests above this are huge. */
#define EP__RUN_BYTES_MAX ((size_t)1 << 20)

struct size_class {
    uint32_t bytes;    /* a block's size */
    uint16_t capacity; /* blocks of a pool */
    uint16_t
        usable_at; /* free blocks from which a pool is worth allocating from: 1/8, or 1/4 of few */
    uint8_t slots; /* a pool's slots: 1 or 4 */
    uint8_t colours;       /* different starts, at least 1 */
    uint16_t colour_bytes; /* the distance of two starts */
    uint64_t reciprocal;   /* ceil(2^40 / bytes) */
};

extern const struct size_class ep__size_classes[EP__CLASSES];
extern const uint8_t ep__medium_classes[EP__CLASS_BYTES_MAX / 64];

/* The class of a request of 1 <= size <= EP__CLASS_BYTES_MAX. */
EP__INLINE unsigned ep__size_class_of(size_t size)
{
    return size <= EP__SMALL_BYTES_MAX ? (unsigned)((size - 1) >> 4)
                                       : ep__medium_classes[(size - 1) >> 6];
}

/* The first class of at least `size` whose blocks are all at multiples of `alignment` (a power of two);
 * EP__CLASSES: none. */
unsigned ep__size_class_aligned(size_t size, size_t alignment);

/* offset / bytes of the class, for offset < 2^18. */
static inline uint32_t ep__size_class_divide(unsigned class, uint32_t offset)
{
    return (uint32_t)(offset * ep__size_classes[class].reciprocal >> 40);
}

bool ep__size_class_check(void);

#endif
