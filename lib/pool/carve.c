/* Carving.  The argument stands in carve.h. */
#include "pool/carve.h"

#include "sys/vm.h"

/* The number of blocks, from `carved` on, that end by the end of the chunk in which the next one ends. */
static uint32_t count_in_chunk(const struct pool *pool, const struct size_class *size, size_t chunk)
{
    size_t first = pool->start + (size_t)pool->carved * size->bytes;
    size_t end = ep__round_up(first + size->bytes, chunk);
    uint32_t count = (uint32_t)((end - first) / size->bytes);
    uint32_t left = (uint32_t)size->capacity - pool->carved;
    return count < left ? count : left;
}

/* Faults the pages of a chunk in that no block before it has touched. */
static void populate(const struct pool *pool, char *first, size_t bytes)
{
    size_t page = ep__vm_page_bytes();
    char *from = (char *)ep__round_up((uintptr_t)first, page);
    char *to = (char *)ep__round_up((uintptr_t)first + bytes, page);
    char *end = pool->base + ((size_t)ep__size_classes[pool->class].slots << EP__SLOT_LOG2);
    to = to < end ? to : end;
    if (from + page < to)
        ep__vm_populate(from, (size_t)(to - from));
}

struct block *ep__carve(struct pool *pool, size_t chunk_bytes)
{
    const struct size_class *size = &ep__size_classes[pool->class];
    if (pool->carved == size->capacity)
        return NULL;
    size_t page = ep__vm_page_bytes();
    uint32_t count = count_in_chunk(pool, size, chunk_bytes > page ? chunk_bytes : page);
    char *first = pool->base + pool->start + (size_t)pool->carved * size->bytes;
    if (chunk_bytes > page && pool->is_zero)
        populate(pool, first, (size_t)count * size->bytes);
    struct block *block = (struct block *)(void *)first;
    for (uint32_t i = 1; i < count; i++) {
        block->next = (struct block *)(void *)((char *)block + size->bytes);
        block = block->next;
    }
    block->next = NULL;
    pool->carved = (uint16_t)(pool->carved + count);
    return (struct block *)(void *)first;
}
