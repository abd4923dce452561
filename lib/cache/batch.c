/* Outbound batches.  The argument stands in batch.h. */
#include "cache/batch.h"

#include "arena/retire.h"
#include "cache/free.h"
#include "cache/quota.h"
#include "sys/options.h"

void ep__batch_send(struct cache *cache, const struct batch *batch, bool adopt)
{
    struct class_events *events = &cache->events[batch->pool->class];
    adopt = adopt && !ep__window_is_closed(batch->pool->arena->window);
    ep__cache_count(&events->remote_batches, 1);
    ep__cache_count(&events->remote_blocks, batch->count);
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
    /* order: relaxed -- others only show the sum to people */
    (void)ep__add_own_relaxed(&cache->withheld_bytes,
                              (size_t)0 - (size_t)place->batch.count * place->bytes);
    ep__batch_send(cache, &place->batch, adopt);
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

const struct batch *ep__batch_withheld(const struct cache *cache, const struct pool *pool)
{
    const struct batch *batch = &cache->batches[place_index(pool)].batch;
    return batch->pool == pool ? batch : NULL;
}

/* Counts in the block that has just come to a place, and sends the batch when it is full, all when they are too much. */
static void count_in(struct cache *cache, struct open_batch *place)
{
    /* order: relaxed -- others only show the sum to people */
    size_t withheld = ep__add_own_relaxed(&cache->withheld_bytes, place->bytes);
    if (--place->room_blocks == 0)
        send_place(cache, place, true);
    else if (withheld > ep__option_get(EP__OPTION_BATCH_BYTES))
        ep__batch_flush(cache, true);
}

static void open_batch(struct cache *cache, struct open_batch *place, struct pool *pool,
                       struct block *block)
{
    size_t bytes = ep__size_classes[pool->class].bytes;
    place->batch.pool = pool;
    place->batch.first = place->batch.last = block;
    place->batch.count = 1;
    place->bytes = (uint32_t)bytes;
    place->room_blocks = (uint32_t)(EP__BATCH_BYTES / bytes);
    count_in(cache, place);
}

/* Whether nothing happens when a block more comes to the pool. */
static bool may_wait(struct pool *pool)
{
    uint64_t word = ep__pool_word(pool);
    bool completes = ep__word_count(word) + 1 >= ep__size_classes[pool->class].capacity;
    return ep__word_state(word) == EP__OWNED || (ep__word_state(word) == EP__PARTIAL && !completes);
}

void ep__batch_free(struct cache *cache, struct pool *pool, struct block *block)
{
    struct open_batch *place = place_of(cache, pool);
    send_place(cache, place, true);
    size_t bytes = ep__size_classes[pool->class].bytes;
    if (bytes <= EP__BATCH_BYTES / 2 && may_wait(pool)) {
        open_batch(cache, place, pool, block);
        return;
    }
    struct batch single = {pool, block, block, 1};
    ep__batch_send(cache, &single, true);
}

bool ep__batch_join(void *p)
{
    uint64_t slot = ((uintptr_t)p - ep__tls.base) >> EP__SLOT_LOG2;
    if (slot >= ep__tls.slot_limit || ep__tls.cache == NULL)
        return false;
    struct pool *pool = (struct pool *)(void *)(ep__tls.pools + slot * EP__DESCRIPTOR_BYTES);
    pool = ep__pool_of_slot(pool);
    struct open_batch *place = place_of(ep__tls.cache, pool);
    if (place->batch.pool != pool || !ep__pool_starts_block(pool, p))
        return false;
    struct block *block = p;
    block->next = place->batch.first;
    place->batch.first = block;
    place->batch.count++;
    count_in(ep__tls.cache, place);
    return true;
}
