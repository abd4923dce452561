/* Carving.  The argument stands in carve.h. */
#include "pool/carve.h"

#include "pool/pool_events.h"
#include "sys/vm.h"

/* The number of blocks, from `carved` on, that end by the end of the page in which the next one ends. */
static uint32_t count_in_page(struct pool *pool, const struct size_class *size)
{
    size_t first = ep__pool_start(pool) + (size_t)pool->carved * size->bytes;
    size_t end = ep__round_up(first + size->bytes, ep__vm_page_bytes());
    uint32_t count = (uint32_t)((end - first) / size->bytes);
    uint32_t left = (uint32_t)size->capacity - pool->carved;
    return count < left ? count : left;
}

struct block *ep__carve(struct pool *pool)
{
    const struct size_class *size = &ep__size_classes[pool->class];
    if (pool->carved == size->capacity)
        return NULL;
    uint32_t count = count_in_page(pool, size);
    size_t offset = ep__pool_start(pool) + (size_t)pool->carved * size->bytes;
    char *first = pool->base + offset;
    ep__arena_mark_touched(pool->arena, pool->slot, offset + (size_t)count * size->bytes);
    struct block *block = (struct block *)(void *)first;
    for (uint32_t i = 1; i < count; i++) {
        block->next = (struct block *)(void *)((char *)block + size->bytes);
        block = block->next;
    }
    block->next = NULL;
    ep__pool_events_tell_size(pool, EP__EVENT_POOL_CARVED, pool->carved, pool->carved + count);
    pool->carved = (uint16_t)(pool->carved + count);
    return (struct block *)(void *)first;
}
