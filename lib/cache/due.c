/* What is due.  The argument stands in due.h and deferred.h. */
#include "cache/due.h"

#include "cache/free.h"
#include "cache/lookup.h"
#include "sys/report.h"

enum { FETCH_AHEAD = 4 /* buckets */ };

/* A block whose grace period is over: nobody's but ours. */
struct __attribute__((may_alias)) due_block {
    struct block block;
    uint64_t mark;
};

void ep__due_note_oldest(struct cache *cache)
{
    uint64_t since = 0;
    for (unsigned kind = 0; kind < EP__DEFERRED_KINDS; kind++) {
        const struct chunk *first = cache->deferred[kind].first;
        if (first != NULL && (since == 0 || first->opened_ms < since))
            since = first->opened_ms;
    }
    /* order: relaxed -- statistics */
    ep__store_relaxed(&cache->grace.waiting_since_ms, since);
}

struct chunk *ep__due_unlink_first(struct cache *cache, enum ep__deferred_kind kind)
{
    struct deferrals *list = &cache->deferred[kind];
    struct chunk *chunk = list->first;
    list->first = chunk->next;
    if (list->first == NULL)
        list->last = NULL;
    ep__due_note_oldest(cache);
    return chunk;
}

/* The first closed chunk, if it is due. */
static struct chunk *find_due(const struct cache *cache, enum ep__deferred_kind kind)
{
    struct chunk *chunk = cache->deferred[kind].first;
    return chunk != NULL && ep__grace_is_over(chunk->goal) ? chunk : NULL;
}

/* The same, by all that the tables say. */
static struct pool *look_up_pool(const void *p)
{
    struct found found = ep__lookup(p);
    if (ep__unlikely(found.what == EP__FOUND_FREE))
        ep__report_corruption("freed while its deferred free was waiting:", p);
    if (ep__unlikely(found.what == EP__FOUND_MISALIGNED && !ep__cache_owns(p)))
        ep__report_corruption("freed while its deferred free was waiting:", p);
    return found.what == EP__FOUND_BLOCK ? found.pool : NULL;
}

/* The pool of a block, which was looked up when it was deferred; NULL: it is a run or huge, or tracked. */
static struct pool *find_pool(const void *p)
{
    uint64_t slot = ((uintptr_t)p - ep__tls.base) >> EP__SLOT_LOG2;
    if (ep__unlikely(slot >= ep__tls.slot_limit))
        return look_up_pool(p);
    struct pool *pool = (struct pool *)(void *)(ep__tls.pools + slot * EP__DESCRIPTOR_BYTES);
    /* A run's first slot has no class, and keeps the distance of an earlier pool. */
    if (ep__unlikely(pool->class == EP__CLASS_NONE))
        return look_up_pool(p);
    pool = ep__pool_of_slot(pool);
    if (ep__unlikely(pool->kind != pool->class || ep__word_state(ep__pool_word(pool)) == EP__FREE))
        return look_up_pool(p);
    return pool;
}

/* Puts a block in front of a group. */
static void join_group(struct batch *group, void *p, uint64_t goal)
{
    struct due_block *due = p;
    uint64_t mark = (goal << 1 | 1) * UINT64_C(0x9e3779b97f4a7c15) ^ (uintptr_t)p;
    if (ep__unlikely(due->mark == mark))
        ep__report_corruption("deferred twice, and not allocated in between:", p);
    due->mark = mark;
    due->block.next = group->first;
    group->first = &due->block;
    if (group->last == NULL)
        group->last = &due->block;
    group->count++;
}

/* Blocks of one slot are of one pool. */
static bool are_in_one_slot(const void *a, const void *b)
{
    return ((uintptr_t)a ^ (uintptr_t)b) >> EP__SLOT_LOG2 == 0;
}

/* Moves blocks of the first slot that the chunk's bucket has, at most `most`, to a group; a run or huge block alone. */
static struct batch take_group(struct chunk *chunk, uint32_t most)
{
    uint16_t *link = &chunk->heads[chunk->bucket];
    struct block *first = chunk->blocks[*link - 1];
    struct batch group = {find_pool(first), NULL, NULL, 0};
    if (group.pool == NULL) {
        group.first = group.last = first;
        group.count = 1;
        *link = chunk->links[*link - 1];
        return group;
    }
    while (*link != 0 && group.count < most) {
        unsigned i = *link - 1U;
        struct block *block = chunk->blocks[i];
        if (are_in_one_slot(block, first) && (block == first || find_pool(block) == group.pool)) {
            *link = chunk->links[i];
            join_group(&group, block, chunk->goal);
        } else {
            link = &chunk->links[i];
        }
    }
    return group;
}

/* Begins to fetch the blocks of a bucket that comes soon: they have been out of the cache for a grace period. */
static void fetch_bucket(const struct chunk *chunk, uint32_t bucket)
{
    if (bucket >= EP__CHUNK_BUCKETS)
        return;
    for (unsigned i = chunk->heads[bucket]; i != 0; i = chunk->links[i - 1])
        __builtin_prefetch(chunk->blocks[i - 1], 1);
}

/* Goes on to the next bucket that has a block. */
static void find_bucket(struct chunk *chunk)
{
    if (chunk->left == chunk->count)
        for (uint32_t i = 0; i < FETCH_AHEAD; i++)
            fetch_bucket(chunk, i);
    while (chunk->heads[chunk->bucket] == 0)
        fetch_bucket(chunk, ++chunk->bucket + FETCH_AHEAD - 1);
}

/* Frees a group of the chunk's blocks, at most `most`. */
static void free_group(struct cache *cache, struct chunk *chunk, uint32_t most)
{
    find_bucket(chunk);
    struct batch group = take_group(chunk, most);
    chunk->left -= group.count;
    chunk->bytes -= group.pool != NULL
                        ? group.count * (size_t)ep__size_classes[group.pool->class].bytes
                        : ep__cache_usable_size(group.first);
    if (group.pool == NULL)
        ep__cache_free(group.first);
    else
        ep__free_batch(cache, &group);
}

/* Frees blocks of a chunk that is due; counted once, and soon: others look at the sum for the bound. */
static uint32_t free_of_chunk(struct cache *cache, struct chunk *chunk, uint32_t most)
{
    uint32_t left = chunk->left;
    size_t bytes = chunk->bytes;
    while (chunk->left != 0 && left - chunk->left < most)
        free_group(cache, chunk, most - (left - chunk->left));
    uint32_t count = left - chunk->left;
    ep__grace_count(&cache->grace, EP__WAITING_BLOCKS, (uint64_t)0 - count);
    ep__grace_count(&cache->grace, EP__WAITING_BYTES, chunk->bytes - bytes);
    ep__grace_count(&cache->grace, EP__FREED_BLOCKS, count);
    return count;
}

uint32_t ep__due_free(struct cache *cache, uint32_t most)
{
    uint32_t count = 0;
    struct chunk *chunk;
    while (count < most && (chunk = find_due(cache, EP__DEFERRED_BLOCKS)) != NULL) {
        count += free_of_chunk(cache, chunk, most - count);
        if (chunk->left == 0)
            ep__chunk_give_back(ep__due_unlink_first(cache, EP__DEFERRED_BLOCKS));
    }
    return count;
}

/* Takes a call out of the first chunk, before it is run: it may use the list. */
static struct call take_call(struct cache *cache, struct chunk *chunk)
{
    struct call call = chunk->calls[chunk->count - chunk->left];
    chunk->left--;
    chunk->bytes -= sizeof call;
    ep__grace_count(&cache->grace, EP__WAITING_CALLS, (uint64_t)0 - 1);
    ep__grace_count(&cache->grace, EP__WAITING_BYTES, (uint64_t)0 - sizeof call);
    ep__grace_count(&cache->grace, EP__RUN_CALLS, 1);
    if (chunk->left == 0)
        ep__chunk_give_back(ep__due_unlink_first(cache, EP__DEFERRED_CALLS));
    return call;
}

void ep__due_call(struct cache *cache, uint32_t most)
{
    struct chunk *chunk;
    if (cache->is_calling)
        return;
    cache->is_calling = true;
    while (most-- != 0 && (chunk = find_due(cache, EP__DEFERRED_CALLS)) != NULL) {
        struct call call = take_call(cache, chunk);
        call.function(call.argument);
    }
    cache->is_calling = false;
}
