/* Detached threads.  The argument stands in detached.h. */
#include "cache/detached.h"

#include "arena/retire.h"
#include "pool/carve.h"
#include "pool/partial.h"

/* A pool of the class that nobody owns, with its free blocks on its own list. */
static struct pool *find_pool(unsigned class)
{
    struct block *chain = NULL;
    struct pool *pool = ep__partial_claim(class, false, &chain);
    if (pool == NULL)
        pool = ep__pool_acquire(class, 0, false);
    if (pool == NULL)
        pool = ep__partial_claim(class, true, &chain);
    if (pool == NULL)
        pool = ep__pool_acquire(class, 0, true);
    if (pool != NULL)
        pool->listed += ep__pool_join(pool, chain);
    return pool;
}

struct block *ep__detached_alloc(unsigned class)
{
    struct pool *pool = find_pool(class);
    if (pool == NULL)
        return NULL;
    if (pool->list == NULL) {
        pool->list = ep__carve(pool);
        pool->listed = ep__pool_count_chain(pool->list);
    }
    struct block *block = pool->list;
    pool->list = block->next;
    ep__pool_release(pool, pool->listed - 1);
    return block;
}

void ep__detached_free(struct pool *pool, struct block *block)
{
    struct batch single = {pool, block, block, 1};
    if (ep__pool_push_remote(&single, false) == EP__EMPTIED)
        ep__retire_purge_excess();
}
