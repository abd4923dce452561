/* Outbound batches.  The argument stands in batch.h. */
#include "cache/batch.h"

#include "arena/retire.h"
#include "cache/free.h"
#include "cache/quota.h"
#include "sys/options.h"

/* Pushes a batch, and takes in the pool where that makes the thread its owner. */
static void send(struct cache *cache, const struct batch *batch, bool adopt)
{
    adopt = adopt && !ep__window_is_closed(batch->pool->arena->window);
    switch (ep__pool_push_remote(batch, adopt)) {
    case EP__ADOPTED:
        ep__free_take_in(cache, batch->pool);
        break;
    case EP__EMPTIED:
        ep__retire_purge_excess();
        break;
    default:
        break;
    }
}

/* Sends what a place holds, from where it stands: a copy right after its fields were written stalls. */
static void send_place(struct cache *cache, struct open_batch *place, bool adopt)
{
    if (place->batch.pool == NULL)
        return;
    cache->withheld_bytes -= EP__BATCH_BYTES;
    send(cache, &place->batch, adopt);
    place->batch.pool = NULL;
}

void ep__batch_flush(struct cache *cache, bool adopt)
{
    for (unsigned i = 0; i < EP__BATCHES; i++)
        send_place(cache, &cache->batches[i], adopt);
}

static size_t place_index(const struct pool *pool)
{
    return ((uintptr_t)pool / EP__DESCRIPTOR_BYTES) % EP__BATCHES;
}

static struct open_batch *place_of(struct cache *cache, const struct pool *pool)
{
    return &cache->batches[place_index(pool)];
}

uint32_t ep__batch_withheld(const struct cache *cache, const struct pool *pool)
{
    const struct batch *batch = &cache->batches[place_index(pool)].batch;
    return batch->pool == pool ? batch->count : 0;
}

static void open_batch(struct cache *cache, struct open_batch *place, struct pool *pool,
                       struct block *block)
{
    if (cache->withheld_bytes + EP__BATCH_BYTES > ep__option_get(EP__OPTION_BATCH_BYTES))
        ep__batch_flush(cache, true);
    place->batch.pool = pool;
    place->batch.first = place->batch.last = block;
    place->batch.count = 1;
    place->room_blocks = EP__BATCH_BYTES / ep__size_classes[pool->class].bytes - 1;
    cache->withheld_bytes += EP__BATCH_BYTES;
}

void ep__batch_free(struct cache *cache, struct pool *pool, struct block *block)
{
    struct open_batch *place = place_of(cache, pool);
    send_place(cache, place, true);
    bool is_small = ep__size_classes[pool->class].bytes <= EP__BATCH_BYTES / 2 &&
                    ep__option_get(EP__OPTION_BATCH_BYTES) >= EP__BATCH_BYTES;
    if (is_small && ep__word_state(ep__pool_word(pool)) == EP__OWNED) {
        open_batch(cache, place, pool, block);
        return;
    }
    struct batch single = {pool, block, block, 1};
    send(cache, &single, true);
}

/* Whether p starts a block of the pool. */
static bool starts_block(struct pool *pool, const char *p)
{
    const struct size_class *size = &ep__size_classes[pool->class];
    size_t offset = (size_t)(p - pool->base) - ep__pool_start(pool);
    if (offset >= (size_t)size->capacity * size->bytes)
        return false;
    return ep__size_class_divide(pool->class, (uint32_t)offset) * size->bytes == offset;
}

bool ep__batch_join(void *p)
{
    uint64_t slot = ((uintptr_t)p - ep__tls.base) >> EP__SLOT_LOG2;
    if (slot >= ep__tls.slot_limit || ep__tls.cache == NULL)
        return false;
    struct pool *pool = (struct pool *)(void *)(ep__tls.pools + slot * EP__DESCRIPTOR_BYTES);
    pool = ep__pool_of_slot(pool);
    struct open_batch *place = place_of(ep__tls.cache, pool);
    if (place->batch.pool != pool || !starts_block(pool, p))
        return false;
    struct block *block = p;
    block->next = place->batch.first;
    place->batch.first = block;
    place->batch.count++;
    if (--place->room_blocks == 0)
        send_place(ep__tls.cache, place, true);
    return true;
}
