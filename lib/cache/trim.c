/* Trim.  The argument stands in trim.h. */
#include "cache/trim.h"

#include "arena/retire.h"
#include "cache/batch.h"
#include "cache/quota.h"
#include "pool/uncarve.h"

/* A usable or held pool: it may be gone afterwards. */
static size_t trim_pool(struct cache *cache, struct pool *pool)
{
    uint32_t count;
    struct block *chain = ep__pool_take_remote(pool, &count);
    ep__quota_recount(cache, pool, ep__pool_join(pool, chain));
    if (pool->listed == pool->carved) {
        ep__quota_delist(cache, pool);
        ep__pool_empty(pool);
        return 0;
    }
    return ep__quota_uncarve(cache, pool);
}

static size_t trim_list(struct cache *cache, struct pool_list *list)
{
    size_t bytes = 0;
    for (struct pool *pool = list->first; pool != NULL;) {
        struct pool *next = pool->next;
        bytes += trim_pool(cache, pool);
        pool = next;
    }
    return bytes;
}

size_t ep__trim_own(struct cache *cache)
{
    size_t bytes = 0;
    ep__batch_flush(cache, false);
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        bytes += trim_list(cache, &cache->bins[class].usable);
        bytes += trim_list(cache, &cache->bins[class].held);
    }
    return bytes;
}

size_t ep__trim_all(struct cache *cache)
{
    size_t bytes = cache == NULL ? 0 : ep__trim_own(cache);
    bytes += ep__uncarve_all(EP__UNCARVE_CHANGED);
    return bytes + ep__retire_purge_all(cache == NULL ? NULL : &cache->epoch);
}
