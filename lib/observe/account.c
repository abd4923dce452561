/* The account.  The argument stands in account.h. */
#include "observe/account.h"

#include <errno.h>
#include <string.h>

#include "arena/huge.h"
#include "cache/batch.h"
#include "cache/cache.h"
#include "cache/fork.h"
#include "cache/thread.h"
#include "pool/run.h"

/* What one look at a pool says, all of one generation. */
struct look {
    enum ep__pool_state state;
    uint32_t count;
    uint8_t kind;
};

static struct look look_at(struct pool *pool, const struct arena *arena, unsigned slot)
{
    struct look look;
    uint64_t before;
    uint64_t after;
    do {
        /* order: acquire OWN -- pairs with the births of pools and runs; the kind is read after the word */
        before = ep__load_acquire(&pool->word);
        /* order: acquire OWN -- the word is read again after the kind */
        look.kind = ep__load_acquire(&arena->kinds[slot]);
        after = ep__pool_word(pool);
    } while (ep__word_generation(before) != ep__word_generation(after));
    look.state = ep__word_state(after);
    look.count = ep__word_count(after);
    return look;
}

/* Free blocks of a pool that the calling thread owns, those freed by others apart. */
static uint32_t count_own(struct cache *cache, const struct pool *pool)
{
    uint32_t uncarved = (uint32_t)ep__size_classes[pool->class].capacity - pool->carved;
    if (pool->place != EP__IN_CURRENT)
        return uncarved + ep__pool_listed(pool);
    return uncarved + ep__pool_count_chain(pool->list) +
           ep__pool_count_chain(*ep__cache_head(cache, pool->class));
}

static void add_pool(struct ep_stats *account, const struct arena *arena, struct pool *pool,
                     struct look look)
{
    const struct size_class *size = &ep__size_classes[look.kind];
    struct cache *cache = ep__tls.cache;
    uint32_t available = look.count;
    /* What the calling thread withholds is free already, and in no other count. */
    if (cache != NULL)
        available += ep__batch_withheld(cache, pool);
    /* order: relaxed -- only the own tag matters, and the thread stored that itself */
    uint32_t owner = ep__load_relaxed(&arena->window->owners[pool - ep__pool_at(arena->window, 0)]);
    if (look.state == EP__OWNED && cache != NULL && owner == cache->tag)
        available += count_own(cache, pool);
    else if (look.state == EP__OWNED)
        account->uncertain_bytes += (size_t)(size->capacity - available) * size->bytes;
    account->blocks_in_use += size->capacity - available;
    account->in_use_bytes += (size_t)(size->capacity - available) * size->bytes;
    account->available_bytes += (size_t)available * size->bytes;
    account->quantization_bytes +=
        ((size_t)size->slots << EP__SLOT_LOG2) - (size_t)size->capacity * size->bytes;
}

/* Adds what starts in a slot that is not free; returns its slots. */
static unsigned add_slot(struct ep_stats *account, struct arena *arena, unsigned slot)
{
    struct pool *pool = ep__pool_at(arena->window, arena->id * EP__ARENA_SLOTS + slot);
    struct look look = look_at(pool, arena, slot);
    if (look.state == EP__FULL && look.kind == EP__KIND_RUN) {
        account->runs_in_use++;
        account->run_bytes += ep__run_bytes(pool);
        return (unsigned)(ep__run_bytes(pool) >> EP__SLOT_LOG2);
    }
    if (look.state != EP__FREE && look.kind < EP__CLASSES) {
        add_pool(account, arena, pool, look);
        return ep__size_classes[look.kind].slots;
    }
    account->unaccounted_bytes += EP__SLOT_BYTES;
    return 1;
}

static void add_arena(struct ep_stats *account, struct arena *arena)
{
    /* order: acquire SLT -- pairs with ep__arena_give_free; descriptors are read after the word */
    uint64_t free = ep__load_acquire(&arena->free_slots);
    account->arenas++;
    account->unused_pools += ep__bits_count(free);
    /* order: relaxed -- statistics */
    account->dirty_bytes += (size_t)ep__bits_count(free & ep__load_relaxed(&arena->dirty_slots))
                            << EP__SLOT_LOG2;
    for (unsigned slot = 0; slot < EP__ARENA_SLOTS;)
        slot += free >> slot & 1U ? 1U : add_slot(account, arena, slot);
}

static void add_window(struct ep_stats *account, struct window *window)
{
    enum { ARENA_METADATA_BYTES = EP__ARENA_SLOTS * (EP__DESCRIPTOR_BYTES + sizeof(uint32_t)) };
    uint32_t begun = ep__arena_ids_begun(window);
    account->metadata_bytes +=
        (size_t)begun * (ARENA_METADATA_BYTES + sizeof(struct arena_group) / 64);
    for (uint32_t id = 0; id < begun; id++) {
        struct arena *arena = ep__arena_at(window, id);
        /* order: acquire RET -- pairs with the end of creation; the arena's fields are read after it */
        if (ep__load_acquire(&arena->in_use))
            add_arena(account, arena);
        else if (ep__arena_set_has(window, EP__SET_RETIRED, id))
            account->retired_arenas++;
    }
}

static void add_counters(struct ep_stats *account)
{
    account->huge_blocks = ep__huge_in_use_blocks();
    account->huge_bytes = ep__huge_in_use_bytes();
    account->huge_cached_bytes = ep__huge_cached_bytes();
    /* order: relaxed -- statistics */
    account->arenas_created = ep__load_relaxed(&ep__arenas.created);
    /* order: relaxed -- statistics */
    account->arenas_retired = ep__load_relaxed(&ep__arenas.retired);
    /* order: relaxed -- statistics */
    account->arenas_highwater = ep__load_relaxed(&ep__arenas.highwater);
    account->metadata_bytes += ep__thread_metadata_bytes();
}

void ep__account_take(struct ep_stats *account)
{
    struct cache *cache = ep__tls.cache;
    memset(account, 0, sizeof *account);
    ep__fork_look(cache);
    if (cache != NULL)
        ep__epoch_enter(&cache->epoch);
    for (unsigned i = 0; i < EP__WINDOWS_MAX && ep__window_at(i) != NULL; i++)
        add_window(account, ep__window_at(i));
    if (cache != NULL)
        ep__epoch_exit(&cache->epoch);
    add_counters(account);
    account->arena_bytes = account->arenas << EP__ARENA_LOG2;
    account->unused_pool_bytes = account->unused_pools << EP__SLOT_LOG2;
    account->total_bytes = account->in_use_bytes + account->available_bytes + account->run_bytes +
                           account->unused_pool_bytes + account->quantization_bytes +
                           account->unaccounted_bytes;
}

int ep_stats(struct ep_stats *account, size_t size)
{
    if (account == NULL || size == 0) {
        errno = EINVAL;
        return -1;
    }
    struct ep_stats taken;
    ep__account_take(&taken);
    memset(account, 0, size);
    memcpy(account, &taken, size < sizeof taken ? size : sizeof taken);
    return 0;
}
