/* Carving.  The argument stands in carve.h. */
#include "pool/carve.h"

#include "pool/pool_events.h"
#include "sys/vm.h"

static struct block *block_of(struct pool *pool, uint32_t i)
{
    size_t offset = ep__pool_start(pool) + (size_t)i * ep__size_classes[pool->class].bytes;
    return (struct block *)(void *)(pool->base + offset);
}

struct span ep__carve_blocks_of(struct pool *pool, struct span pages)
{
    const struct size_class *size = &ep__size_classes[pool->class];
    size_t page = ep__vm_page_bytes();
    size_t start = ep__pool_start(pool);
    size_t from = pages.first * page;
    size_t end = from + pages.count * page;
    struct span blocks = {0, 0};
    if (end <= start)
        return blocks;
    uint32_t past = ep__size_class_divide(pool->class, (uint32_t)(end - start - 1)) + 1;
    if (from > start)
        blocks.first = ep__size_class_divide(pool->class, (uint32_t)(from - start));
    if (past > size->capacity)
        past = size->capacity;
    blocks.count = past > blocks.first ? past - blocks.first : 0;
    return blocks;
}

struct span ep__carve_pages_of(struct pool *pool, struct span blocks)
{
    size_t bytes = ep__size_classes[pool->class].bytes;
    size_t page = ep__vm_page_bytes();
    size_t from = ep__pool_start(pool) + blocks.first * bytes;
    uint32_t first = (uint32_t)(from / page);
    uint32_t last = (uint32_t)((from + blocks.count * bytes - 1) / page);
    return (struct span){first, last - first + 1};
}

static uint64_t bits_of(struct span pages)
{
    return ep__bits_range(pages.first, pages.count);
}

/* Whether no page that a block overlaps is one of a set. */
static bool avoids(struct pool *pool, uint32_t block, uint64_t pages)
{
    return (pages & bits_of(ep__carve_pages_of(pool, (struct span){block, 1}))) == 0;
}

bool ep__carve_has(struct pool *pool, uint32_t block)
{
    return block < pool->mark && avoids(pool, block, pool->holes);
}

/* Links the blocks of a span that exist and did not as long as some pages were holes. */
static struct block *link_again(struct pool *pool, struct span blocks, uint64_t pages,
                                uint32_t *count)
{
    struct block *chain = NULL;
    struct block **end = &chain;
    *count = 0;
    for (uint32_t i = blocks.first; i < blocks.first + blocks.count; i++) {
        if (avoids(pool, i, pages) || !ep__carve_has(pool, i))
            continue;
        *end = block_of(pool, i);
        end = &(*end)->next;
        ++*count;
    }
    *end = NULL;
    return chain;
}

/* Says that the memory up to the end of the block before `past` is going to be touched. */
static void mark_touched(struct pool *pool, uint32_t past)
{
    size_t end = ep__pool_start(pool) + (size_t)past * ep__size_classes[pool->class].bytes;
    ep__arena_mark_touched(pool->arena, pool->slot, end);
}

struct block *ep__carve_holes(struct pool *pool, struct span pages, uint32_t *count)
{
    struct span blocks = ep__carve_blocks_of(pool, pages);
    uint64_t filled = pool->holes & bits_of(pages);
    pool->holes &= ~filled;
    mark_touched(pool, blocks.first + blocks.count);
    struct block *chain = link_again(pool, blocks, filled, count);
    ep__pool_events_tell_size(pool, EP__EVENT_POOL_CARVED, pool->carved, pool->carved + *count);
    pool->carved = (uint16_t)(pool->carved + *count);
    return chain;
}

/* The lowest hole, and those of the pages above it that its first block needs to exist. */
static EP__COLD struct block *carve_lowest_hole(struct pool *pool)
{
    uint32_t count;
    struct span hole = {ep__bits_lowest(pool->holes), 1};
    struct span first = {ep__carve_blocks_of(pool, hole).first, 1};
    struct span wanted = ep__carve_pages_of(pool, first);
    hole.count = wanted.first + wanted.count - hole.first;
    ep__pool_note_holes(-(int64_t)ep__bits_count(pool->holes & bits_of(hole)));
    return ep__carve_holes(pool, hole, &count);
}

/* The number of blocks, from the mark on, that end by the end of the page in which the next one ends. */
static uint32_t count_in_page(struct pool *pool, const struct size_class *size)
{
    size_t first = ep__pool_start(pool) + (size_t)pool->mark * size->bytes;
    size_t end = ep__round_up(first + size->bytes, ep__vm_page_bytes());
    uint32_t count = (uint32_t)((end - first) / size->bytes);
    uint32_t left = (uint32_t)size->capacity - pool->mark;
    return count < left ? count : left;
}

struct block *ep__carve(struct pool *pool)
{
    const struct size_class *size = &ep__size_classes[pool->class];
    if (ep__unlikely(pool->holes != 0))
        return carve_lowest_hole(pool);
    if (pool->mark == size->capacity)
        return NULL;
    uint32_t count = count_in_page(pool, size);
    struct block *first = block_of(pool, pool->mark);
    mark_touched(pool, pool->mark + count);
    struct block *block = first;
    for (uint32_t i = 1; i < count; i++) {
        block->next = (struct block *)(void *)((char *)block + size->bytes);
        block = block->next;
    }
    block->next = NULL;
    ep__pool_events_tell_size(pool, EP__EVENT_POOL_CARVED, pool->carved, pool->carved + count);
    pool->mark = (uint16_t)(pool->mark + count);
    pool->carved = (uint16_t)(pool->carved + count);
    return first;
}

bool ep__carve_check(struct pool *pool)
{
    uint32_t capacity = ep__size_classes[pool->class].capacity;
    uint32_t count = 0;
    for (uint32_t i = 0; i < capacity; i++)
        count += ep__carve_has(pool, i);
    return pool->mark <= capacity && count == pool->carved;
}
