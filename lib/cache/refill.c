/* Refill.  The argument stands in refill.h. */
#include "cache/refill.h"

#include "cache/deferred.h"
#include "cache/fork.h"
#include "cache/quota.h"
#include "cache/reuse.h"
#include "cache/watch.h"
#include "pool/carve.h"
#include "pool/links.h"
#include "pool/partial.h"
#include "sys/options.h"

enum {
    HELD_LOOKS_MAX = 4, /* held pools looked at for remote frees a refill */
};

/* Makes an owned, unlisted pool the current one; its list is the caller's. */
static struct block *make_current(struct cache *cache, struct pool *pool)
{
    struct block *chain = pool->list;
    pool->list = NULL;
    pool->listed = 0;
    pool->place = EP__IN_CURRENT;
    ep__pool_wind(pool, ep__cache_head(cache, pool->class), EP__POOL_PARKED);
    ep__cache_set_current(cache, pool->class, pool);
    return chain;
}

static struct block *use_usable(struct cache *cache, struct bin *bin)
{
    struct pool *pool = bin->usable.first;
    ep__quota_delist(cache, pool);
    return make_current(cache, pool);
}

/* The current pool, none of whose carved blocks is free, becomes one that is on no list yet. */
static struct pool *leave_current(struct cache *cache, const struct bin *bin)
{
    struct pool *pool = bin->current;
    ep__cache_set_current(cache, pool->class, NULL);
    pool->listed = 0;
    return pool;
}

/* A current pool without free blocks that is not carved to its end goes behind the usable ones. */
static void put_aside(struct cache *cache, struct bin *bin)
{
    struct pool *pool = leave_current(cache, bin);
    ep__quota_enlist(cache, pool, EP__IN_USABLE);
}

/* What the current pool has without touching new pages: blocks that it brought along, and others' frees. */
static struct block *take_freed(struct pool *pool)
{
    struct block *chain = pool->list;
    uint32_t count;
    if (chain == NULL)
        return ep__pool_take_remote(pool, &count);
    pool->list = NULL;
    return chain;
}

/* The current pool is full: hold it for the thread's next frees, or leave it to who frees into it first. */
static void leave_full(struct cache *cache, struct bin *bin)
{
    struct pool *pool = leave_current(cache, bin);
    if (bin->keeps == 0) {
        ep__pool_release(pool, 0);
        return;
    }
    ep__quota_enlist(cache, pool, EP__IN_HELD);
    ep__quota_enforce(cache);
}

/* A held pool to which others have freed enough.  One that only others free into is given up, because what they
 * free is not counted; the rest go to the end of the list. */
static struct block *use_held(struct cache *cache, struct bin *bin, unsigned class)
{
    uint32_t looks = bin->held.count < HELD_LOOKS_MAX ? bin->held.count : HELD_LOOKS_MAX;
    for (; looks != 0; looks--) {
        struct pool *pool = bin->held.first;
        uint32_t remote = ep__word_count(ep__pool_word(pool));
        if (remote > ep__pool_listed(pool) && bin->keeps != 0)
            bin->keeps--;
        if (ep__pool_listed(pool) + remote >= ep__size_classes[class].usable_at) {
            ep__quota_delist(cache, pool);
            return make_current(cache, pool);
        }
        if (remote != 0 && ep__pool_listed(pool) == 0)
            ep__quota_give_up(cache, pool);
        else
            ep__quota_rotate(cache, pool);
    }
    return NULL;
}

static struct pool *claim(struct cache *cache, unsigned class, bool is_sweep, struct block **chain)
{
    struct pool *pool = ep__partial_claim(class, is_sweep, chain);
    if (pool != NULL)
        ep__cache_count(&cache->events[class].claimed, 1);
    return pool;
}

static struct pool *acquire(struct cache *cache, unsigned class, bool from_new_arena)
{
    struct pool *pool = ep__pool_acquire(class, cache->colour++, from_new_arena);
    if (pool != NULL)
        ep__cache_count(&cache->events[class].acquired, 1);
    return pool;
}

/* A pool from outside the thread, without a new arena; NULL: there is none. */
static struct pool *find_pool(struct cache *cache, unsigned class, struct block **chain)
{
    *chain = NULL;
    ep__fork_look(cache);
    struct pool *pool = claim(cache, class, false, chain);
    if (pool == NULL)
        pool = acquire(cache, class, false);
    if (pool == NULL)
        pool = claim(cache, class, true, chain);
    return pool;
}

/* Replaces a missing current pool.  *chain may stay NULL: the new one is then to be carved, or has a list of
 * its own.  False: no memory. */
static bool replace(struct cache *cache, unsigned class, struct block **chain)
{
    struct bin *bin = &cache->bins[class];
    if (bin->usable.first != NULL) {
        *chain = use_usable(cache, bin);
        return true;
    }
    *chain = use_held(cache, bin, class);
    if (bin->current != NULL)
        return true;
    struct pool *pool = find_pool(cache, class, chain);
    /* What waits for a grace period is the reserve.  The thread may have a usable pool of the class after it. */
    if (pool == NULL && ep__deferred_reclaim(cache))
        return replace(cache, class, chain);
    if (pool == NULL)
        pool = acquire(cache, class, true);
    if (pool == NULL)
        return false;
    ep__pool_map(pool, cache->tag);
    struct block *listed = pool->list;
    (void)make_current(cache, pool);
    if (*chain == NULL)
        *chain = listed;
    else
        pool->list = listed;
    return true;
}

void ep__refill_keep(struct cache *cache, unsigned class, uint32_t keep)
{
    struct pool *pool = cache->bins[class].current;
    struct block **link = ep__cache_head(cache, class);
    for (; keep != 0 && *link != NULL; keep--)
        link = &(*link)->next;
    struct block *rest = *link;
    *link = NULL;
    (void)ep__pool_join(pool, rest);
    ep__pool_wind(pool, &pool->list, EP__POOL_PARKED);
}

/* A list that was cut has run dry: what the thread frees may be popped again. */
static void mend(struct cache *cache, unsigned class)
{
    struct pool *pool = cache->bins[class].current;
    if (ep__unlikely(pool != NULL && pool->sink == &pool->list))
        ep__pool_wind(pool, ep__cache_head(cache, class), EP__POOL_PARKED);
}

/* Tells who watches that a list has been filled. */
static inline void tell_watcher(struct cache *cache, unsigned class)
{
    const struct watch *watch = ep__watch_get();
    if (ep__unlikely(watch != NULL && watch->refilled != NULL))
        watch->refilled(cache, class);
}

static struct block *carve(struct pool *pool)
{
    struct block *chain = ep__carve(pool);
    return ep__unlikely(ep__option_get(EP__OPTION_RANDOM_ORDER)) ? ep__links_shuffle(chain) : chain;
}

struct block *ep__refill(struct cache *cache, unsigned class, bool *is_fresh)
{
    struct bin *bin = &cache->bins[class];
    struct block *chain = NULL;
    ep__cache_count(&cache->events[class].refills, 1);
    *is_fresh = false;
    mend(cache, class);
    while (chain == NULL) {
        if (bin->current == NULL && !replace(cache, class, &chain))
            return NULL;
        if (chain == NULL)
            chain = take_freed(bin->current);
        if (chain != NULL)
            break;
        bool is_carved = bin->current->carved == ep__size_classes[class].capacity;
        if (!is_carved && bin->usable.first != NULL && ep__pool_listed(bin->usable.first) != 0) {
            put_aside(cache, bin);
            continue;
        }
        /* A hole's pages read as zero, the rest of a block that straddles its edge does not. */
        bool may_be_fresh = bin->current->is_zero && bin->current->holes == 0;
        chain = carve(bin->current);
        *is_fresh = chain != NULL && may_be_fresh;
        if (chain == NULL)
            leave_full(cache, bin);
    }
    if (ep__unlikely(ep__option_get(EP__OPTION_CHECK_LINKS)))
        ep__links_check(bin->current, chain);
    *ep__cache_head(cache, class) = chain->next;
    ep__reuse_wind(cache, class);
    tell_watcher(cache, class);
    return chain;
}
