/* What must hold of a thread's control block between two of its calls, and what tests ask about blocks. */
#ifndef TESTS_UNIT_CACHES_H
#define TESTS_UNIT_CACHES_H

#include <epmalloc/epmalloc.h>

#include "cache/cache.h"
#include "cache/lookup.h"
#include "cache/thread.h"
#include "sys/options.h"
#include "unit/pools.h"

/* The pool of a block. */
static inline struct pool *pool_of(const void *p)
{
    struct found found = ep__lookup(p);
    assert_int_equal(found.what, EP__FOUND_BLOCK);
    return found.pool;
}

static inline size_t size_of_class(unsigned class)
{
    return ep__size_classes[class].bytes;
}

/* A block of a class, written to. */
static inline void *get_block(unsigned class)
{
    char *p = ep_malloc(size_of_class(class));
    assert_non_null(p);
    memset(p, 0x5a, size_of_class(class));
    return p;
}

/* Gets as many blocks as a pool has, `pools` times over; returns how many. */
static inline unsigned get_pools(unsigned class, unsigned pools, void **blocks)
{
    unsigned count = pools * ep__size_classes[class].capacity;
    for (unsigned i = 0; i < count; i++)
        blocks[i] = get_block(class);
    return count;
}

/* The calling thread's next full pools of the class are held, as they are when its blocks come back to it. */
static inline void keep_full(unsigned class)
{
    ep__thread_cache()->bins[class].keeps = EP__KEEPS_MAX;
}

static inline void free_all(void **blocks, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        ep_free(blocks[i]);
}

/* A pool that the calling thread has: owned, of the class, its map entries the thread's. */
static inline void check_own_pool(struct cache *cache, struct pool *pool, unsigned class,
                                  enum ep__pool_place place)
{
    assert_int_equal(state_of(pool), EP__OWNED);
    assert_true(ep__pool_check(pool));
    assert_int_equal(pool->class, class);
    assert_int_equal(pool->place, place);
    assert_true(ep__carve_check(pool));
    for (unsigned i = 0; i < ep__size_classes[class].slots; i++)
        assert_int_equal(ep__load_relaxed(ep__pool_owner(pool) + i), cache->tag);
}

/* A usable or held pool: its countdowns tell what its list has. */
static inline size_t check_pool_list(struct cache *cache, const struct pool_list *list,
                                     unsigned class, enum ep__pool_place place)
{
    uint32_t count = 0;
    size_t bytes = 0;
    struct pool *before = NULL;
    for (struct pool *pool = list->first; pool != NULL; before = pool, pool = pool->next) {
        check_own_pool(cache, pool, class, place);
        assert_ptr_equal(pool->prev, before);
        assert_int_equal(ep__pool_count_chain(pool->list), ep__pool_listed(pool));
        bytes += ep__pool_listed(pool) * size_of_class(class);
        count++;
    }
    assert_ptr_equal(list->last, before);
    assert_int_equal(list->count, count);
    return bytes;
}

/* Returns the bytes that an open batch holds. */
static inline size_t check_batch(const struct open_batch *place)
{
    const struct batch *batch = &place->batch;
    if (batch->pool == NULL)
        return 0;
    const struct block *last = batch->first;
    for (uint32_t i = 1; i < batch->count; i++)
        last = last->next;
    assert_ptr_equal(batch->last, last);
    assert_int_equal(place->bytes, size_of_class(batch->pool->class));
    assert_true(batch->count >= 1 && place->room_blocks >= 1);
    size_t may_hold = ((size_t)batch->count + place->room_blocks) * place->bytes;
    assert_in_range(may_hold, EP__BATCH_BYTES - place->bytes + 1, EP__BATCH_BYTES);
    return (size_t)batch->count * place->bytes;
}

/* Invariants of cache.h.  Returns the free bytes outside current pools. */
static inline size_t check_cache(struct cache *cache)
{
    size_t bytes = 0;
    size_t withheld = 0;
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        struct bin *bin = &cache->bins[class];
        assert_true(bin->keeps <= EP__KEEPS_MAX);
        if (bin->current != NULL)
            check_own_pool(cache, bin->current, class, EP__IN_CURRENT);
        else
            assert_null(*ep__cache_head(cache, class));
        bytes += check_pool_list(cache, &bin->usable, class, EP__IN_USABLE);
        bytes += check_pool_list(cache, &bin->held, class, EP__IN_HELD);
    }
    for (unsigned i = 0; i < EP__BATCHES; i++)
        withheld += check_batch(&cache->batches[i]);
    assert_int_equal(cache->withheld_bytes, withheld);
    assert_true(cache->withheld_bytes <= ep__option_get(EP__OPTION_BATCH_BYTES));
    assert_true(bytes <= cache->held_bytes);
    return bytes;
}

static inline bool owns_nothing(struct cache *cache)
{
    for (unsigned class = 0; class < EP__CLASSES; class ++) {
        struct bin *bin = &cache->bins[class];
        if (bin->current != NULL || bin->usable.count != 0 || bin->held.count != 0)
            return false;
    }
    return cache->held_bytes == 0 && cache->withheld_bytes == 0;
}

/* The account's identity, with nothing in transition. */
static inline struct ep_stats check_account(void)
{
    struct ep_stats account;
    assert_int_equal(ep_stats(&account, sizeof account), 0);
    assert_int_equal(account.unaccounted_bytes, 0);
    assert_int_equal(account.total_bytes, account.arena_bytes);
    return account;
}

#endif
