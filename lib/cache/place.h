/* Where a deferred block is filed: what is asked of nearly every block, from its pool's descriptor alone.
 *
 * Layer: cache.  Uses: tls, pool.  Used by: deferred.
 *
 * The caller holds the block, so what a descriptor says of it stands still.  Of any other pointer it may say anything, and
 * then one of the tests fails and ep__lookup decides.  Wait-free.
 */
#ifndef EPMALLOC_CACHE_PLACE_H
#define EPMALLOC_CACHE_PLACE_H

#include "cache/cache.h"
#include "cache/chunk.h"

struct place {
    size_t bytes;    /* of the block */
    uint32_t bucket; /* of its pool, in a chunk */
};

static inline uint32_t ep__place_bucket(const struct pool *pool)
{
    return (uint32_t)((uintptr_t)pool / EP__DESCRIPTOR_BYTES % EP__CHUNK_BUCKETS);
}

/* Where a block of a pool in the first window is filed.  False: that is not what starts there; a descriptor that is not
 * a pool's first slot's may be an earlier pool's, and then what it says fails one of the tests. */
static inline bool ep__place_of_block(const void *p, struct place *place)
{
    uint64_t slot = ((uintptr_t)p - ep__tls.base) >> EP__SLOT_LOG2;
    if (slot >= ep__tls.slot_limit)
        return false;
    struct pool *pool = (struct pool *)(void *)(ep__tls.pools + slot * EP__DESCRIPTOR_BYTES);
    if (pool->class == EP__CLASS_NONE)
        return false;
    pool = ep__pool_of_slot(pool);
    unsigned class = pool->class;
    if (class == EP__CLASS_NONE || pool->kind != class ||
        ep__word_state(ep__pool_word(pool)) == EP__FREE)
        return false;
    const struct size_class *size = &ep__size_classes[class];
    uint64_t offset = (uint64_t)((const char *)p - pool->base) - ep__pool_start(pool);
    if (offset >= (uint64_t)size->slots << EP__SLOT_LOG2)
        return false;
    uint32_t i = ep__size_class_divide(class, (uint32_t)offset);
    place->bytes = size->bytes;
    place->bucket = ep__place_bucket(pool);
    return i < size->capacity && i * size->bytes == offset;
}

#endif
