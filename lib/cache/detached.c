/* Detached threads.  The argument stands in detached.h. */
#include "cache/detached.h"

#include "arena/retire.h"
#include "pool/carve.h"
#include "pool/links.h"
#include "pool/partial.h"

struct class_events ep__detached_events[EP__CLASSES];

/* Where the calling thread counts. */
static struct class_events *events_of(unsigned class)
{
    struct cache *cache = ep__tls.cache;
    return cache != NULL ? &cache->events[class] : &ep__detached_events[class];
}

static void count(_Atomic(uint64_t) *counter)
{
    if (ep__tls.cache != NULL) {
        ep__cache_count(counter, 1);
    } else {
        /* order: relaxed -- statistics */
        ep__fetch_add_relaxed(counter, 1);
    }
}

static struct pool *claim(unsigned kind, bool is_sweep, struct block **chain)
{
    struct pool *pool = ep__partial_claim(kind, is_sweep, chain);
    if (pool != NULL)
        count(&events_of(ep__kind_class(kind))->claimed);
    return pool;
}

static struct pool *acquire(unsigned kind, bool from_new_arena)
{
    struct pool *pool = ep__pool_acquire(kind, 0, from_new_arena);
    if (pool != NULL)
        count(&events_of(ep__kind_class(kind))->acquired);
    return pool;
}

/* A pool of the kind that nobody owns, with its free blocks on its own list. */
static struct pool *find_pool(unsigned kind)
{
    struct block *chain = NULL;
    struct pool *pool = claim(kind, false, &chain);
    if (pool == NULL)
        pool = acquire(kind, false);
    if (pool == NULL)
        pool = claim(kind, true, &chain);
    if (pool == NULL)
        pool = acquire(kind, true);
    if (pool != NULL)
        pool->listed += ep__pool_join(pool, chain);
    return pool;
}

struct block *ep__detached_alloc(unsigned kind)
{
    count(&events_of(ep__kind_class(kind))->refills);
    struct pool *pool = find_pool(kind);
    if (pool == NULL)
        return NULL;
    if (pool->list == NULL) {
        pool->list = ep__carve(pool);
        pool->listed = ep__pool_count_chain(pool->list);
    }
    struct block *block = pool->list;
    if (ep__unlikely(!ep__links_is_sound(pool, block->next)))
        ep__links_report(block);
    pool->list = block->next;
    ep__pool_release(pool, pool->listed - 1);
    return block;
}

void ep__detached_free(struct pool *pool, struct block *block)
{
    struct batch single = {pool, block, block, 1};
    count(&events_of(pool->class)->remote_batches);
    count(&events_of(pool->class)->remote_blocks);
    if (ep__pool_push_remote(&single, false) == EP__EMPTIED)
        ep__retire_purge_excess();
}
