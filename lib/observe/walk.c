/* The heap walk.  Contracts: include/epmalloc/walk.h. */
#include <epmalloc/epmalloc.h>

#include <errno.h>

#include "arena/huge.h"
#include "cache/fork.h"
#include "cache/thread.h"
#include "observe/account.h"
#include "observe/inside.h"

/* What goes through the walk. */
struct walk {
    int (*visit_arena)(const struct ep_arena *, void *);
    int (*visit_pool)(const struct ep_pool *, void *);
    int (*visit_block)(const struct ep_block *, void *);
    void *argument;
    struct ep_arena arena; /* the one that is gone through */
};

/* Opens a section of the calling thread, where it can have one. */
static struct cache *enter_section(void)
{
    struct cache *cache = ep__thread_cache();
    ep__fork_look(cache);
    if (cache != NULL)
        ep__epoch_enter(&cache->epoch);
    return cache;
}

/* Visits each block of a pool that is shown, free where the set says so and where it says nothing as `other`. */
static int visit_blocks(struct walk *walk, const struct ep_pool *pool, const struct free_set *set,
                        enum ep_block_state other)
{
    struct ep_block shown = {
        .struct_bytes = sizeof shown, .pool = pool, .bytes = pool->block_bytes};
    int result = 0;
    for (uint32_t i = 0; i < pool->blocks && result == 0; i++) {
        shown.start = (char *)pool->first_block + i * pool->block_bytes;
        shown.state = set != NULL && ep__free_set_has(set, i) ? EP_BLOCK_FREE : other;
        result = walk->visit_block(&shown, walk->argument);
    }
    return result;
}

/* A run or a huge block: one block, in use. */
static int visit_single(struct walk *walk, const struct ep_arena *arena, enum ep_pool_kind kind,
                        void *start, size_t bytes)
{
    struct ep_pool shown = {.struct_bytes = sizeof shown,
                            .arena = arena,
                            .kind = kind,
                            .state = EP_POOL_FULL,
                            .start = start,
                            .bytes = bytes,
                            .first_block = start,
                            .block_bytes = bytes,
                            .blocks = 1,
                            .in_use_least = 1,
                            .in_use_most = 1};
    if (walk->visit_pool != NULL)
        return walk->visit_pool(&shown, walk->argument);
    return visit_blocks(walk, &shown, NULL, EP_BLOCK_IN_USE);
}

static void show_pool(const struct walk *walk, const struct view *view, struct ep_pool *shown)
{
    static const enum ep_pool_state states[] = {
        [EP__OWNED] = EP_POOL_OWNED, [EP__FULL] = EP_POOL_FULL, [EP__PARTIAL] = EP_POOL_PARTIAL};
    const struct size_class *size = &ep__size_classes[view->class];
    char *start = ep__arena_slot_start(view->arena, view->slot);
    uint32_t most = size->capacity - view->free_blocks;
    *shown = (struct ep_pool){.struct_bytes = sizeof *shown,
                              .arena = &walk->arena,
                              .kind = EP_POOL,
                              .state = states[view->state],
                              .owner = view->owner,
                              .is_own = view->is_own,
                              .start = start,
                              .bytes = (uint64_t)view->slots << EP__SLOT_LOG2,
                              .class_index = view->class,
                              .first_block = start + view->start,
                              .block_bytes = size->bytes,
                              .blocks = size->capacity,
                              .in_use_least = view->is_exact ? most : 0,
                              .in_use_most = most};
}

static int visit_pool(struct walk *walk, struct view *view)
{
    struct ep_pool shown;
    struct free_set set;
    if (walk->visit_pool != NULL) {
        show_pool(walk, view, &shown);
        return walk->visit_pool(&shown, walk->argument);
    }
    if (!ep__inside_look(view, &set))
        return 0;
    show_pool(walk, view, &shown);
    return visit_blocks(walk, &shown, &set, view->is_exact ? EP_BLOCK_IN_USE : EP_BLOCK_UNKNOWN);
}

/* Visits what starts in a slot; *slots is what it takes up. */
static int visit_slot(struct walk *walk, struct arena *arena, unsigned slot, unsigned *slots)
{
    struct view view;
    ep__view_slot(arena, slot, &view);
    *slots = view.slots;
    switch (view.kind) {
    case EP__VIEW_POOL:
        return visit_pool(walk, &view);
    case EP__VIEW_RUN:
        return visit_single(walk, &walk->arena, EP_RUN, ep__arena_slot_start(arena, slot),
                            view.run_bytes);
    case EP__VIEW_TRANSITION:
        break;
    }
    return 0;
}

/* Goes through the slots of an arena that were not free when the arena was looked at. */
static int visit_slots(struct walk *walk, struct arena *arena)
{
    uint64_t free = ep__view_free(arena);
    unsigned slots = 1;
    int result = 0;
    for (unsigned slot = 0; slot < EP__ARENA_SLOTS && result == 0; slot += slots) {
        slots = 1;
        if ((free >> slot & 1U) == 0)
            result = visit_slot(walk, arena, slot, &slots);
    }
    return result;
}

static int visit_huge(void *p, size_t bytes, void *argument)
{
    return visit_single(argument, NULL, EP_HUGE, p, bytes);
}

static int go_through(struct walk *walk)
{
    struct cache *cache = enter_section();
    struct arena *arena;
    unsigned window = 0;
    uint32_t id = 0;
    int result = 0;
    for (; result == 0 && (arena = ep__view_next_arena(&window, &id)) != NULL; id++) {
        ep__account_arena(window, arena, &walk->arena);
        result = walk->visit_arena != NULL ? walk->visit_arena(&walk->arena, walk->argument)
                                           : visit_slots(walk, arena);
    }
    if (result == 0 && walk->visit_arena == NULL)
        result = ep__huge_each(visit_huge, walk);
    if (cache != NULL)
        ep__epoch_exit(&cache->epoch);
    return result;
}

static int refuse(void)
{
    errno = EINVAL;
    return -1;
}

int ep_walk_arenas(int (*visit)(const struct ep_arena *, void *), void *argument)
{
    struct walk walk = {.visit_arena = visit, .argument = argument};
    return visit == NULL ? refuse() : go_through(&walk);
}

int ep_walk_pools(int (*visit)(const struct ep_pool *, void *), void *argument)
{
    struct walk walk = {.visit_pool = visit, .argument = argument};
    return visit == NULL ? refuse() : go_through(&walk);
}

int ep_walk_blocks(int (*visit)(const struct ep_block *, void *), void *argument)
{
    struct walk walk = {.visit_block = visit, .argument = argument};
    return visit == NULL ? refuse() : go_through(&walk);
}
