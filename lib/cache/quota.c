/* The quota.  The argument stands in quota.h. */
#include "cache/quota.h"

#include "sys/options.h"

enum { CHARGE_SHARE = 16 };

static size_t charge_of(const struct pool *pool)
{
    const struct size_class *size = &ep__size_classes[pool->class];
    return (size_t)pool->listed * size->bytes + ((size_t)size->slots << EP__SLOT_LOG2) / CHARGE_SHARE;
}

static struct pool_list *list_of(struct cache *cache, const struct pool *pool)
{
    struct bin *bin = &cache->bins[pool->class];
    return pool->place == EP__IN_USABLE ? &bin->usable : &bin->held;
}

static void push_back(struct pool_list *list, struct pool *pool)
{
    pool->next = NULL;
    pool->prev = list->last;
    if (list->last != NULL)
        list->last->next = pool;
    else
        list->first = pool;
    list->last = pool;
    list->count++;
}

static void unlink_pool(struct pool_list *list, struct pool *pool)
{
    if (pool->prev != NULL)
        pool->prev->next = pool->next;
    else
        list->first = pool->next;
    if (pool->next != NULL)
        pool->next->prev = pool->prev;
    else
        list->last = pool->prev;
    list->count--;
}

void ep__quota_enlist(struct cache *cache, struct pool *pool, enum ep__pool_place place)
{
    pool->place = (uint8_t)place;
    push_back(list_of(cache, pool), pool);
    pool->newer = NULL;
    pool->older = cache->newest;
    if (cache->newest != NULL)
        cache->newest->newer = pool;
    else
        cache->oldest = pool;
    cache->newest = pool;
    cache->held_bytes += charge_of(pool);
}

void ep__quota_delist(struct cache *cache, struct pool *pool)
{
    unlink_pool(list_of(cache, pool), pool);
    if (pool->older != NULL)
        pool->older->newer = pool->newer;
    else
        cache->oldest = pool->newer;
    if (pool->newer != NULL)
        pool->newer->older = pool->older;
    else
        cache->newest = pool->older;
    cache->held_bytes -= charge_of(pool);
    pool->place = EP__IN_NONE;
}

void ep__quota_give_up(struct cache *cache, struct pool *pool)
{
    ep__quota_delist(cache, pool);
    ep__pool_release(pool, ep__pool_listed(pool));
}

void ep__quota_recount(struct cache *cache, struct pool *pool, uint32_t listed)
{
    cache->held_bytes += (size_t)(listed - pool->listed) * ep__size_classes[pool->class].bytes;
    pool->listed = listed;
    pool->step = pool->countdown;
}

void ep__quota_enforce(struct cache *cache)
{
    size_t bound = ep__option_get(EP__OPTION_THREAD_BYTES);
    while (cache->held_bytes > bound && cache->oldest != NULL)
        ep__quota_give_up(cache, cache->oldest);
}

void ep__quota_wind(struct pool *pool)
{
    const struct size_class *size = &ep__size_classes[pool->class];
    uint32_t out = (uint32_t)pool->carved - pool->listed;
    uint32_t half = size->capacity / 2U;
    uint32_t goal = pool->listed < size->usable_at ? size->usable_at : half;
    uint32_t step = goal > pool->listed && goal - pool->listed < out ? goal - pool->listed : out;
    pool->step = pool->countdown = step != 0 ? step : EP__POOL_PARKED;
}
