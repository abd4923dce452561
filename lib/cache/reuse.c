/* Reuse.  The argument stands in reuse.h. */
#include "cache/reuse.h"

#include "cache/batch.h"
#include "cache/ids.h"
#include "sys/report.h"
#include "sys/task.h"

/* The descriptor of a slot of the first window, and its pool's. */
static struct pool *pool_in_slot(uint64_t slot)
{
    struct pool *pool = (struct pool *)(void *)(ep__tls.pools + slot * EP__DESCRIPTOR_BYTES);
    return ep__pool_of_slot(pool);
}

static uint64_t slot_of(const void *p)
{
    return ((uintptr_t)p - ep__tls.base) >> EP__SLOT_LOG2;
}

/* Whether half of the room or more is free, by the blocks on the list; then there is as much room as that. */
static bool count_again(struct bin *bin, const struct block *list)
{
    uint32_t half = bin->reuse_most / 2;
    uint32_t count = 0;
    for (; list != NULL && count <= half; list = list->next)
        count++;
    if (count > half) {
        bin->reuse_wait = half;
        return false;
    }
    bin->reuse_room = bin->reuse_most - count;
    return true;
}

static bool has_room(struct bin *bin, const struct block *list)
{
    if (ep__likely(bin->reuse_room != 0))
        return true;
    bin->reuse_sent++;
    if (bin->reuse_most == 0)
        return false;
    if (bin->reuse_wait == 0)
        return count_again(bin, list);
    bin->reuse_wait--;
    return false;
}

/* The list becomes what refill takes first; it has no block of another pool on it. */
static void set_aside(struct bin *bin, struct block **head)
{
    bin->has_reused = true;
    if (bin->current->list != NULL)
        return;
    bin->current->list = *head;
    *head = NULL;
}

/* Whether the list that malloc pops may grow: it is no cut one, and nobody counts what is freed to it. */
static bool may_grow(const struct bin *bin, struct block *const *head)
{
    return bin->current != NULL && bin->current->sink == head &&
           bin->current->step == EP__POOL_PARKED;
}

static bool take(struct cache *cache, struct pool *pool, struct block *block)
{
    struct bin *bin = &cache->bins[pool->class];
    struct block **head = ep__cache_head(cache, pool->class);
    if (!has_room(bin, *head) || !may_grow(bin, head) || !ep__pool_starts_block(pool, block))
        return false;
    if (ep__window_is_closed(pool->arena->window))
        return false;
    if (ep__unlikely(*head == block))
        ep__report_corruption("double free of", block);
    if (!bin->has_reused)
        set_aside(bin, head);
    bin->reuse_room--;
    block->next = *head;
    *head = block;
    return true;
}

bool ep__reuse_take(void *p)
{
    uint64_t slot = slot_of(p);
    if (slot >= ep__tls.slot_limit || ep__tls.cache == NULL)
        return false;
    /* order: relaxed -- the thread got the block with an order from who allocated it, and so from who wrote the
     * entry of its pool; an entry that is stale since names a thread that has owned the pool with the block live */
    uint32_t owner = ep__load_relaxed(&ep__tls.owners[slot]);
    if (owner == EP__OWNER_NOBODY || owner == ep__tls.tag)
        return false;
    return take(ep__tls.cache, pool_in_slot(slot), p);
}

/* Whether the thread has sent home so many blocks of the class that it shows. */
static bool is_worth_it(const struct bin *bin)
{
    if (bin->reuse_most != 0)
        return bin->reuse_sent != 0;
    return bin->reuse_sent >= EP__REUSE_AFTER_BLOCKS &&
           ep__ids_count() > EP__REUSE_CROWD * ep__task_processors();
}

/* Lets more blocks be reused, as far as all classes together allow. */
static void grow(struct cache *cache, unsigned class)
{
    struct bin *bin = &cache->bins[class];
    uint32_t bytes = ep__size_classes[class].bytes;
    uint32_t bound = EP__REUSE_CLASS_BYTES / bytes;
    if (bound < EP__REUSE_FIRST)
        bound = EP__REUSE_FIRST;
    uint32_t most = bin->reuse_most == 0 ? EP__REUSE_FIRST : 2 * bin->reuse_most;
    uint32_t more = (most < bound ? most : bound) - bin->reuse_most;
    if (cache->reuse_bytes + more * bytes > EP__REUSE_BYTES)
        return;
    cache->reuse_bytes += more * bytes;
    bin->reuse_most += more;
}

void ep__reuse_wind(struct cache *cache, unsigned class)
{
    struct bin *bin = &cache->bins[class];
    if (is_worth_it(bin))
        grow(cache, class);
    if (bin->reuse_most == 0)
        return;
    bin->reuse_sent = bin->reuse_wait = 0;
    bin->has_reused = false;
    bin->reuse_room = bin->reuse_most;
}

/* A block that is to its pool a live one is freed. */
static void send_home(struct cache *cache, struct block *block, bool adopt)
{
    struct pool *pool = pool_in_slot(slot_of(block));
    struct batch single = {pool, block, block, 1};
    /* order: relaxed -- only the thread's own id matters, and it stored that itself */
    if (ep__load_relaxed(ep__pool_owner(pool)) != cache->tag) {
        ep__batch_send(cache, &single, adopt);
        return;
    }
    block->next = *pool->sink;
    *pool->sink = block;
    if (--pool->countdown == 0)
        ep__cache_free_event(pool);
}

/* Where the list has blocks of the current pool they stay.  Only the first window's blocks are ever reused. */
static void give_back(struct cache *cache, unsigned class, bool adopt)
{
    struct bin *bin = &cache->bins[class];
    struct block **link = ep__cache_head(cache, class);
    uint32_t left = ep__reuse_listed_max(cache, class);
    struct block *block;
    while ((block = *link) != NULL) {
        if (ep__unlikely(left-- == 0))
            ep__report_corruption("a block was freed twice in the pool at", bin->current->base);
        if (slot_of(block) >= ep__tls.slot_limit || pool_in_slot(slot_of(block)) == bin->current) {
            link = &block->next;
            continue;
        }
        *link = block->next;
        send_home(cache, block, adopt);
    }
}

void ep__reuse_give_back(struct cache *cache, bool adopt)
{
    for (unsigned class = 0; cache->reuse_bytes != 0 && class < EP__CLASSES; class ++) {
        struct bin *bin = &cache->bins[class];
        if (bin->has_reused)
            give_back(cache, class, adopt);
        cache->reuse_bytes -= bin->reuse_most * ep__size_classes[class].bytes;
        bin->reuse_most = bin->reuse_room = bin->reuse_wait = 0;
        bin->has_reused = false;
    }
}

uint32_t ep__reuse_listed_max(const struct cache *cache, unsigned class)
{
    return ep__size_classes[class].capacity + cache->bins[class].reuse_most;
}

uint32_t ep__reuse_count(struct cache *cache, const struct pool *pool, unsigned class)
{
    const struct bin *bin = &cache->bins[class];
    if (bin->current != pool && !bin->has_reused)
        return 0;
    size_t bytes = (size_t)ep__size_classes[class].slots << EP__SLOT_LOG2;
    uint32_t left = ep__reuse_listed_max(cache, class);
    uint32_t count = 0;
    const struct block *block = *ep__cache_head(cache, class);
    for (; block != NULL && left != 0; block = block->next, left--)
        count += (size_t)((const char *)block - pool->base) < bytes;
    return count;
}
