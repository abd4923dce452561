/* What the fast path of free does not do.  The argument stands in free.h. */
#include "cache/free.h"

#include "arena/huge.h"
#include "arena/retire.h"
#include "cache/batch.h"
#include "cache/detached.h"
#include "cache/fork.h"
#include "cache/lookup.h"
#include "cache/quota.h"
#include "cache/reuse.h"
#include "cache/thread.h"
#include "cache/tracked.h"
#include "cache/watch.h"
#include "pool/run.h"
#include "sys/foreign.h"
#include "sys/report.h"

/* Whether a wholly free pool is kept for the next burst: when it is the class's only reserve. */
static bool is_reserve(struct cache *cache, const struct pool *pool)
{
    struct bin *bin = &cache->bins[pool->class];
    bool has_other = bin->usable.count > (pool->place == EP__IN_USABLE ? 1U : 0U);
    return bin->current != NULL && !has_other;
}

void ep__free_settle(struct cache *cache, struct pool *pool)
{
    uint32_t count;
    struct block *chain = ep__pool_take_remote(pool, &count);
    if (ep__unlikely(ep__pool_join(pool, chain) != count))
        ep__report_corruption("a block was freed twice in the pool at", pool->base);
    ep__quota_recount(cache, pool, count);
    if (ep__unlikely(pool->listed > pool->carved))
        ep__report_corruption("a block was freed twice in the pool at", pool->base);
    if (pool->listed == pool->carved && !is_reserve(cache, pool)) {
        ep__quota_delist(cache, pool);
        ep__pool_empty(pool);
        return;
    }
    if (pool->place == EP__IN_HELD && pool->listed >= ep__size_classes[pool->class].usable_at) {
        ep__quota_delist(cache, pool);
        ep__quota_enlist(cache, pool, EP__IN_USABLE);
    }
    ep__quota_enforce(cache);
}

/* Starts the countdown of a slot of the current pool anew, or of all where somebody has watched them. */
static void park(struct pool *whole, struct pool *slot)
{
    if (whole->step == EP__POOL_PARKED)
        slot->countdown = EP__POOL_PARKED;
    else
        ep__pool_wind(whole, whole->sink, EP__POOL_PARKED);
}

void ep__cache_free_event(struct pool *pool)
{
    struct pool *whole = ep__pool_of_slot(pool);
    if (whole->place == EP__IN_CURRENT) {
        const struct watch *watch = ep__watch_get();
        if (ep__unlikely(watch != NULL && watch->counted != NULL))
            watch->counted(ep__tls.cache, whole->class);
        else
            park(whole, pool);
        return;
    }
    ep__free_settle(ep__tls.cache, whole);
    ep__retire_purge_excess();
}

void ep__free_take_in(struct cache *cache, struct pool *pool)
{
    enum { FOREIGN_CLASS_POOLS_MAX = 2 };
    struct bin *bin = &cache->bins[pool->class];
    ep__cache_count(&cache->events[pool->class].adopted, 1);
    if (pool->last_owner == cache->tag) /* the thread's own blocks come back to it */
        bin->keeps = EP__KEEPS_MAX;
    ep__pool_map(pool, cache->tag);
    bool is_usable = pool->listed >= ep__size_classes[pool->class].usable_at;
    ep__quota_enlist(cache, pool, is_usable ? EP__IN_USABLE : EP__IN_HELD);
    if (bin->current == NULL && bin->held.count + bin->usable.count > FOREIGN_CLASS_POOLS_MAX)
        ep__quota_give_up(cache, bin->held.first != NULL ? bin->held.first : bin->usable.first);
    ep__quota_enforce(cache);
}

/* As the fast path, for a pool that it does not see as the thread's own. */
static void free_local(struct pool *pool, struct block *block)
{
    block->next = *pool->sink;
    *pool->sink = block;
    if (--pool->countdown == 0)
        ep__cache_free_event(pool);
}

static void free_block(struct pool *pool, struct block *block)
{
    struct cache *cache = ep__thread_cache();
    /* order: relaxed -- only the thread's own id matters, and it stored that itself */
    uint32_t owner = ep__load_relaxed(ep__pool_owner(pool));
    if (cache == NULL)
        ep__detached_free(pool, block);
    else if (owner == cache->tag)
        free_local(pool, block);
    else
        ep__batch_free(cache, pool, block);
}

void ep__free_batch(struct cache *cache, struct batch *batch)
{
    struct pool *pool = batch->pool;
    /* The thread can lose the pool by any of its own frees. */
    /* order: relaxed -- only the thread's own id matters, and it stored that itself */
    while (batch->count != 0 && ep__load_relaxed(ep__pool_owner(pool)) == cache->tag) {
        struct block *block = batch->first;
        batch->first = block->next;
        batch->count--;
        free_local(pool, block);
    }
    if (batch->count > 1)
        ep__batch_send(cache, batch, true);
    else if (batch->count == 1 && !ep__batch_join(batch->first))
        ep__batch_free(cache, pool, batch->first);
}

static void free_outside(void *p, const void *call_site)
{
    struct cache *cache = ep__thread_cache();
    ep__fork_look(cache);
    if (!ep__huge_free(p, cache == NULL ? NULL : &cache->epoch))
        ep__foreign_report("free", p, call_site);
    ep__retire_purge_excess();
}

static inline void free_found(void *p, size_t size, const void *call_site)
{
    struct found found = ep__lookup(p);
    bool may_be_tracked = found.what == EP__FOUND_TRACKED || ep__tracked_has_big();
    if (ep__unlikely(may_be_tracked) && ep__tracked_free(p, &found, size))
        return;
    switch (found.what) {
    case EP__FOUND_BLOCK:
        free_block(found.pool, p);
        break;
    case EP__FOUND_RUN:
        ep__run_free(found.pool);
        ep__retire_purge_excess();
        break;
    case EP__FOUND_NOTHING:
        free_outside(p, call_site);
        break;
    case EP__FOUND_TRACKED:
        break;
    case EP__FOUND_FREE:
        ep__report_corruption("double free, or free into an empty pool, of", p);
    case EP__FOUND_MISALIGNED:
        ep__report_corruption("free of a pointer that does not start a block:", p);
    }
}

/* The fast path ends in a jump to here, so the return address is the program's call. */
EP__NOINLINE void ep__cache_free(void *p)
{
    if (p != NULL && !ep__reuse_take(p) && !ep__batch_join(p))
        free_found(p, EP__SIZE_UNKNOWN, __builtin_return_address(0));
}

EP__NOINLINE void ep__cache_free_sized(void *p, size_t size)
{
    if (p != NULL && !ep__reuse_take(p) && !ep__batch_join(p))
        free_found(p, size, __builtin_return_address(0));
}
