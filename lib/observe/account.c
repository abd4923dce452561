/* The account.  The argument stands in account.h. */
#include "observe/account.h"

#include <string.h>

#include "arena/huge.h"
#include "cache/detached.h"
#include "cache/fork.h"
#include "cache/quota.h"
#include "cache/thread.h"
#include "observe/view.h"
#include "sys/clock.h"
#include "sys/options.h"
#include "sys/vm.h"

static void add_pool(struct account *account, const struct view *view)
{
    const struct size_class *size = &ep__size_classes[view->class];
    struct ep_class *class = &account->classes[view->class];
    uint64_t in_use = size->capacity - view->free_blocks;
    class->pools_owned += view->state == EP__OWNED;
    class->pools_full += view->state == EP__FULL;
    class->pools_partial += view->state == EP__PARTIAL;
    class->blocks_in_use += in_use;
    class->blocks_available += view->free_blocks;
    class->blocks_uncertain += view->is_exact ? 0 : in_use;
    class->quantization_bytes +=
        ((size_t)size->slots << EP__SLOT_LOG2) - (size_t)size->capacity * size->bytes;
    if (in_use != 0)
        account->totals.active_bytes += (size_t)size->slots << EP__SLOT_LOG2;
}

/* Adds what starts in a slot that is not free; returns its slots. */
static unsigned add_slot(struct account *account, struct arena *arena, unsigned slot)
{
    struct view view;
    ep__view_slot(arena, slot, &view);
    switch (view.kind) {
    case EP__VIEW_POOL:
        add_pool(account, &view);
        break;
    case EP__VIEW_RUN:
        account->totals.runs_in_use++;
        account->totals.run_bytes += view.run_bytes;
        account->totals.active_bytes += view.run_bytes;
        break;
    case EP__VIEW_TRANSITION:
        account->totals.unaccounted_bytes += EP__SLOT_BYTES;
        break;
    }
    return view.slots;
}

static void add_arena(struct account *account, struct arena *arena)
{
    struct ep_stats *totals = &account->totals;
    uint64_t free = ep__view_free(arena);
    /* order: relaxed -- statistics */
    uint64_t dirty = ep__load_relaxed(&arena->dirty_slots);
    totals->arenas++;
    totals->unused_pools += ep__bits_count(free);
    totals->dirty_bytes += (size_t)ep__bits_count(free & dirty) << EP__SLOT_LOG2;
    totals->resident_bytes += (size_t)ep__bits_count(dirty) << EP__SLOT_LOG2;
    for (unsigned slot = 0; slot < EP__ARENA_SLOTS;)
        slot += free >> slot & 1U ? 1U : add_slot(account, arena, slot);
}

/* An arena is counted as in use or as retired, whatever becomes of it meanwhile.  Metadata are the tables of those that
 * were ever begun. */
static void add_window(struct account *account, struct window *window)
{
    enum { ARENA_METADATA_BYTES = EP__ARENA_SLOTS * (EP__DESCRIPTOR_BYTES + sizeof(uint32_t)) };
    uint32_t begun = ep__arena_ids_begun(window);
    account->totals.metadata_bytes +=
        (size_t)begun * (ARENA_METADATA_BYTES + sizeof(struct arena_group) / EP__GROUP_ARENAS);
    for (uint32_t id = 0; id < begun; id++) {
        struct arena *arena = ep__arena_at(window, id);
        if (ep__view_is_in_use(arena))
            add_arena(account, arena);
        else if (ep__arena_set_has(window, EP__SET_RETIRED, id))
            account->totals.retired_arenas++;
    }
}

static uint64_t read_counter(_Atomic(uint64_t) *counter)
{
    /* order: relaxed -- statistics */
    return ep__load_relaxed(counter);
}

static void add_events(struct account *account, struct class_events *events)
{
    for (unsigned i = 0; i < EP__CLASSES; i++) {
        struct ep_class *class = &account->classes[i];
        class->refills += read_counter(&events[i].refills);
        class->pools_acquired += read_counter(&events[i].acquired);
        class->pools_claimed += read_counter(&events[i].claimed);
        class->pools_adopted += read_counter(&events[i].adopted);
        class->remote_batches += read_counter(&events[i].remote_batches);
        class->remote_blocks += read_counter(&events[i].remote_blocks);
    }
}

static void show_thread(struct cache *cache, uint32_t id, struct ep_thread *shown)
{
    shown->struct_bytes = sizeof *shown;
    shown->id = id;
    /* order: relaxed -- statistics */
    shown->held_bytes = ep__load_relaxed(&cache->held_bytes);
    /* order: relaxed -- statistics */
    shown->withheld_bytes = ep__load_relaxed(&cache->withheld_bytes);
    /* order: relaxed -- statistics */
    shown->current_bytes = ep__load_relaxed(&cache->current_bytes);
    shown->bound_bytes = ep__quota_bound_bytes() + ep__option_get(EP__OPTION_BATCH_BYTES);
    /* order: relaxed -- statistics */
    shown->task = ep__load_relaxed(&cache->grace.thread);
}

static void add_threads(struct account *account)
{
    struct ep_stats *totals = &account->totals;
    struct cache *cache;
    bool is_alive;
    for (uint32_t id = 0; (cache = ep__thread_next(&id, &is_alive)) != NULL; id++) {
        totals->threads_born += read_counter(&cache->births);
        totals->grace_periods += ep__epoch_grace_periods(&cache->epoch);
        add_events(account, cache->events);
        if (!is_alive)
            continue;
        struct ep_thread shown;
        show_thread(cache, id, &shown);
        totals->threads++;
        totals->held_bytes += shown.held_bytes;
        totals->withheld_bytes += shown.withheld_bytes;
        totals->deferred_calls += ep__epoch_pending(&cache->epoch);
    }
    add_events(account, ep__detached_events);
}

static void add_class(struct ep_stats *totals, const struct ep_class *class)
{
    totals->blocks_in_use += class->blocks_in_use;
    totals->in_use_bytes += class->blocks_in_use * class->block_bytes;
    totals->available_bytes += class->blocks_available * class->block_bytes;
    totals->uncertain_bytes += class->blocks_uncertain * class->block_bytes;
    totals->quantization_bytes += class->quantization_bytes;
    totals->refills += class->refills;
    totals->pools_acquired += class->pools_acquired;
    totals->pools_claimed += class->pools_claimed;
    totals->pools_adopted += class->pools_adopted;
    totals->remote_batches += class->remote_batches;
    totals->remote_blocks += class->remote_blocks;
}

static void add_counters(struct ep_stats *totals)
{
    totals->huge_blocks = ep__huge_in_use_blocks();
    totals->huge_bytes = ep__huge_in_use_bytes();
    totals->huge_cached_bytes = ep__huge_cached_bytes();
    totals->arenas_created = read_counter(&ep__arenas.created);
    totals->arenas_retired = read_counter(&ep__arenas.retired);
    totals->arenas_highwater = read_counter(&ep__arenas.highwater);
    totals->purges = read_counter(&ep__arenas.purges);
    totals->purge_calls = read_counter(&ep__arenas.purge_calls);
    totals->purged_bytes = read_counter(&ep__arenas.purged_bytes);
    totals->uncarved_bytes = ep__pool_hole_pages() * ep__vm_page_bytes();
}

/* What follows from the rest. */
static void add_sums(struct ep_stats *totals)
{
    totals->arena_bytes = totals->arenas << EP__ARENA_LOG2;
    totals->unused_pool_bytes = totals->unused_pools << EP__SLOT_LOG2;
    totals->total_bytes = totals->in_use_bytes + totals->available_bytes + totals->run_bytes +
                          totals->unused_pool_bytes + totals->quantization_bytes +
                          totals->unaccounted_bytes;
    totals->allocated_bytes = totals->in_use_bytes + totals->run_bytes + totals->huge_bytes;
    totals->active_bytes += totals->huge_bytes;
    totals->retained_bytes = totals->dirty_bytes + totals->huge_cached_bytes;
    totals->mapped_bytes = totals->arena_bytes + totals->huge_bytes + totals->huge_cached_bytes;
    if (totals->uncarved_bytes > totals->resident_bytes)
        totals->uncarved_bytes = totals->resident_bytes;
    totals->resident_bytes += totals->huge_bytes + totals->huge_cached_bytes +
                              totals->metadata_bytes - totals->uncarved_bytes;
}

void ep__account_take(struct account *account)
{
    struct cache *cache = ep__tls.cache;
    memset(account, 0, sizeof *account);
    for (unsigned i = 0; i < EP__CLASSES; i++) {
        account->classes[i].struct_bytes = sizeof account->classes[i];
        account->classes[i].index = i;
        account->classes[i].block_bytes = ep__size_classes[i].bytes;
    }
    ep__fork_look(cache);
    if (cache != NULL)
        ep__epoch_enter(&cache->epoch);
    for (unsigned i = 0; i < EP__WINDOWS_MAX && ep__window_at(i) != NULL; i++)
        add_window(account, ep__window_at(i));
    if (cache != NULL)
        ep__epoch_exit(&cache->epoch);
    account->totals.metadata_bytes += ep__thread_metadata_bytes();
    add_threads(account);
    for (unsigned i = 0; i < EP__CLASSES; i++)
        add_class(&account->totals, &account->classes[i]);
    add_counters(&account->totals);
    add_sums(&account->totals);
}

bool ep__account_has(const struct ep_class *class)
{
    return (class->pools_acquired | class->pools_owned | class->pools_full |
            class->pools_partial) != 0;
}

void ep__account_arena(unsigned window, struct arena *arena, struct ep_arena *shown)
{
    shown->struct_bytes = sizeof *shown;
    shown->window = window;
    shown->id = arena->id;
    shown->start = ep__arena_base(arena);
    /* order: relaxed -- statistics */
    shown->free_mask = ep__load_relaxed(&arena->free_slots);
    /* order: relaxed -- statistics */
    shown->dirty_mask = ep__load_relaxed(&arena->dirty_slots);
    shown->free_pools = ep__bits_count(shown->free_mask);
    shown->dirty_pools = ep__bits_count(shown->free_mask & shown->dirty_mask);
    /* order: relaxed -- statistics */
    shown->occupancy = ep__load_relaxed(&arena->bucket);
    uint64_t now = ep__clock_ms();
    uint64_t created = read_counter(&arena->created_ms);
    shown->age_ms = now > created ? now - created : 0;
}

bool ep__account_next_thread(uint32_t *id, struct ep_thread *shown)
{
    struct cache *cache;
    bool is_alive;
    for (; (cache = ep__thread_next(id, &is_alive)) != NULL; ++*id) {
        if (is_alive) {
            show_thread(cache, *id, shown);
            return true;
        }
    }
    return false;
}
