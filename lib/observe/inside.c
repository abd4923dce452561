/* Inside a pool.  The argument stands in inside.h. */
#include "observe/inside.h"

#include <string.h>

#include "cache/batch.h"
#include "cache/reuse.h"
#include "pool/carve.h"

static void add_block(struct free_set *set, const struct view *view, const struct block *block)
{
    const struct size_class *size = &ep__size_classes[view->class];
    const char *first = ep__arena_slot_start(view->arena, view->slot) + view->start;
    size_t offset = (size_t)((const char *)block - first);
    if (offset >= (size_t)size->capacity * size->bytes)
        return;
    uint32_t i = ep__size_class_divide(view->class, (uint32_t)offset);
    if ((size_t)i * size->bytes == offset)
        set->words[i / 64] |= (uint64_t)1 << i % 64;
}

static void add_chain(struct free_set *set, const struct view *view, const struct block *chain,
                      uint32_t count)
{
    for (; chain != NULL && count != 0; chain = chain->next, count--)
        add_block(set, view, chain);
}

/* What a pool that the calling thread owns has on its own list, and what is not carved. */
static void add_private(struct free_set *set, const struct view *view)
{
    struct pool *pool = view->pool;
    add_chain(set, view, pool->list, ep__size_classes[view->class].capacity);
    for (uint32_t i = 0; i < ep__size_classes[view->class].capacity; i++)
        if (!ep__carve_has(pool, i))
            set->words[i / 64] |= (uint64_t)1 << i % 64;
}

/* The remote list of an own pool is left where it is: nobody but the owner takes it, and others only push. */
static void add_own(struct free_set *set, const struct view *view)
{
    struct pool *pool = view->pool;
    add_private(set, view);
    add_chain(set, view, ep__pool_peek_remote(pool), ep__size_classes[view->class].capacity);
}

/* What is on the list that malloc pops: of the current pool, or of any pool where blocks are reused. */
static void add_popped(struct free_set *set, const struct view *view)
{
    struct cache *cache = ep__tls.cache;
    if (cache != NULL)
        add_chain(set, view, *ep__cache_head(cache, view->class),
                  ep__reuse_listed_max(cache, view->class));
}

/* False: another thread was first.  The pool may have been reborn since the view, with another colour. */
static bool add_claimed(struct free_set *set, struct view *view)
{
    struct pool *pool = view->pool;
    struct block *chain = NULL;
    if (!ep__pool_claim(pool, view->pool_kind, &chain))
        return false;
    pool->listed += ep__pool_join(pool, chain);
    view->start = ep__pool_start(pool);
    add_private(set, view);
    ep__pool_release(pool, pool->listed);
    return true;
}

/* What the calling thread withholds: the last block's link is not set. */
static void add_withheld(struct free_set *set, const struct view *view)
{
    struct cache *cache = ep__tls.cache;
    const struct batch *batch = cache == NULL ? NULL : ep__batch_withheld(cache, view->pool);
    const struct block *block = batch == NULL ? NULL : batch->first;
    for (uint32_t i = 0; batch != NULL && i < batch->count; i++) {
        add_block(set, view, block);
        block = i + 1 < batch->count ? block->next : NULL;
    }
}

static void count(struct view *view, const struct free_set *set)
{
    view->free_blocks = 0;
    for (unsigned i = 0; i < EP__CAPACITY_MAX / 64; i++)
        view->free_blocks += ep__bits_count(set->words[i]);
}

/* A window that fork:strict has closed keeps its pools as they are. */
static bool may_claim(const struct view *view)
{
    return !ep__window_is_closed(view->arena->window);
}

bool ep__inside_look(struct view *view, struct free_set *set)
{
    memset(set, 0, sizeof *set);
    for (; view->kind == EP__VIEW_POOL; ep__view_slot(view->arena, view->slot, view)) {
        if (view->state == EP__PARTIAL && !may_claim(view))
            view->is_exact = false;
        else if (view->state == EP__PARTIAL && !add_claimed(set, view))
            continue;
        if (view->is_own)
            add_own(set, view);
        add_withheld(set, view);
        add_popped(set, view);
        if (view->is_exact)
            count(view, set);
        return true;
    }
    return false;
}
