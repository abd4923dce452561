/* Outbound batches.  The argument stands in batch.h. */
#include "cache/batch.h"

#include "cache/free.h"
#include "cache/quota.h"
#include "sys/options.h"

enum { BATCH_BYTES_MAX = 1024 };

/* Pushes a batch and takes in the pool where that makes the thread its owner. */
static void send(struct cache *cache, const struct batch *batch, bool adopt)
{
    adopt = adopt && !ep__window_is_closed(batch->pool->arena->window);
    if (ep__pool_push_remote(batch, adopt) == EP__ADOPTED)
        ep__free_take_in(cache, batch->pool);
}

static size_t bytes_of(const struct batch *batch)
{
    return (size_t)batch->count * ep__size_classes[batch->pool->class].bytes;
}

static void send_place(struct cache *cache, struct batch *place, bool adopt)
{
    if (place->pool == NULL)
        return;
    struct batch batch = *place;
    place->pool = NULL;
    cache->withheld_bytes -= bytes_of(&batch);
    send(cache, &batch, adopt);
}

void ep__batch_flush(struct cache *cache, bool adopt)
{
    for (unsigned i = 0; i < EP__BATCHES; i++)
        send_place(cache, &cache->batches[i], adopt);
}

static struct batch *place_of(struct cache *cache, const struct pool *pool)
{
    return &cache->batches[((uintptr_t)pool / EP__DESCRIPTOR_BYTES) % EP__BATCHES];
}

/* Adds a block to its pool's batch. */
static void withhold(struct cache *cache, struct batch *place, struct pool *pool,
                     struct block *block)
{
    if (place->pool != pool) {
        send_place(cache, place, true);
        *place = (struct batch){pool, block, block, 0};
    }
    block->next = place->first;
    place->first = block;
    place->count++;
    cache->withheld_bytes += ep__size_classes[pool->class].bytes;
}

void ep__batch_free(struct cache *cache, struct pool *pool, struct block *block)
{
    struct batch *place = place_of(cache, pool);
    size_t bytes = ep__size_classes[pool->class].bytes;
    bool is_first = place->pool != pool;
    if (is_first &&
        (bytes > BATCH_BYTES_MAX / 2 || ep__word_state(ep__pool_word(pool)) != EP__OWNED)) {
        struct batch single = {pool, block, block, 1};
        send(cache, &single, true);
        return;
    }
    withhold(cache, place, pool, block);
    if (bytes_of(place) >= BATCH_BYTES_MAX ||
        cache->withheld_bytes > ep__option_get(EP__OPTION_BATCH_BYTES))
        send_place(cache, place, true);
}
