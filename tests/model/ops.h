/* What the threads of scenarios do with pools: the allocator's functions, with the books kept. */
#ifndef TESTS_MODEL_OPS_H
#define TESTS_MODEL_OPS_H

#include "explore.h"
#include "names.h"
#include "overlap.h"
#include "pool/carve.h"
#include "pool/partial.h"
#include "pool/pool.h"
#include "small_classes.h"
#include "world.h"

/* An arena of which so many slots are held that one more or less does not move it to another bucket: that is
 * scenarios_arena.c's matter.  In a set-up. */
static inline struct arena *make_arena(unsigned held)
{
    struct slots got;
    if (!ep__arena_create(1, 1, &got))
        model_break("no arena");
    world_name_arena(got.arena, "arena");
    if (held > 1 && !ep__arena_acquire_at(got.arena, EP__ARENA_SLOTS - held + 1, held - 1))
        model_break("no slots");
    if (held > 1)
        world_got_slots(got.arena, EP__ARENA_SLOTS - held + 1, held - 1);
    if (held > 0)
        world_got_slots(got.arena, got.first, 1);
    else
        ep__arena_release(got.arena, got.first, 1);
    model_counter(&ep__arenas.used_slots, sizeof ep__arenas.used_slots);
    model_counter(&ep__arenas.dirty_free_slots, sizeof ep__arenas.dirty_free_slots);
    model_counter(&ep__arenas.all_free, sizeof ep__arenas.all_free);
    model_counter(&ep__arenas.retired, sizeof ep__arenas.retired);
    return got.arena;
}

static inline void hold_slot(struct arena *arena, unsigned slot)
{
    if (!ep__arena_acquire_at(arena, slot, 1))
        model_break("no slot");
    world_got_slots(arena, slot, 1);
}

/* An OWNED pool, carved to its end, all of whose blocks the program has.  In a set-up. */
static inline struct pool *make_pool(unsigned class, const char *name, struct block **blocks)
{
    struct pool *pool = ep__pool_acquire(class, 0, false);
    if (pool == NULL)
        pool = ep__pool_acquire(class, 0, true);
    if (pool == NULL)
        model_break("no pool");
    world_name_pool(pool, name);
    unsigned count = 0;
    struct block *chain;
    while ((chain = ep__carve(pool)) != NULL) {
        while (chain != NULL) {
            struct block *next = chain->next;
            name_object(chain, ep__size_classes[class].bytes, SHAPE_BLOCK, name);
            world_got(chain);
            blocks[count++] = chain;
            chain = next;
        }
    }
    return pool;
}

/* The owner frees a block itself. */
static inline void list_block(struct pool *pool, struct block *block)
{
    world_giving(block);
    block->next = pool->list;
    pool->list = block;
    pool->listed++;
    world_gave(block);
}

/* The owner puts a chain that it has taken on its list. */
static inline void join_chain(struct pool *pool, struct block *chain)
{
    while (chain != NULL) {
        struct block *next = chain->next;
        chain->next = pool->list;
        pool->list = chain;
        pool->listed++;
        chain = next;
    }
}

static inline void take(struct pool *pool)
{
    uint32_t count;
    overlap_begin(OPERATION_TAKE, pool, "take");
    join_chain(pool, ep__pool_take_remote(pool, &count));
    overlap_end();
}

static inline void release(struct pool *pool)
{
    overlap_begin(OPERATION_RELEASE, pool, "release");
    ep__pool_release(pool, pool->listed);
    overlap_end();
}

static inline void empty(struct pool *pool)
{
    overlap_begin(OPERATION_EMPTY, pool, "empty");
    ep__pool_empty(pool);
    overlap_end();
}

/* The owner gets a block of its list and frees it again. */
static inline void use_one(struct pool *pool)
{
    struct block *block = pool->list;
    if (block == NULL)
        return;
    pool->list = block->next;
    pool->listed--;
    world_got(block);
    list_block(pool, block);
}

/* Frees blocks that others' pools have; an adopted pool is used and released. */
static inline void push(struct pool *pool, struct block **blocks, uint32_t count, bool adopt)
{
    struct batch batch = {pool, blocks[0], blocks[count - 1], count};
    overlap_begin(OPERATION_PUSH, pool, adopt ? "push, adopting" : "push");
    for (uint32_t i = 0; i < count; i++) {
        world_giving(blocks[i]);
        if (i + 1 < count)
            blocks[i]->next = blocks[i + 1];
    }
    enum ep__push_result result = ep__pool_push_remote(&batch, adopt);
    for (uint32_t i = 0; i < count; i++)
        world_gave(blocks[i]);
    overlap_end();
    if (result != EP__ADOPTED)
        return;
    overlap_begin(OPERATION_ADOPT, pool, "use what was adopted");
    ep__pool_map(pool, EP__OWNER_DETACHED + 1 + model_thread());
    use_one(pool);
    overlap_end();
    release(pool);
}

/* Claims a PARTIAL pool, gets a block of it, frees the block and releases the pool. */
static inline void claim(unsigned class, bool is_sweep)
{
    struct block *chain = NULL;
    overlap_begin(OPERATION_CLAIM, NULL, "claim");
    struct pool *pool = ep__partial_claim(class, is_sweep, &chain);
    overlap_end();
    if (pool == NULL)
        return;
    model_assert(pool->kind == class);
    ep__pool_map(pool, EP__OWNER_DETACHED + 1 + model_thread());
    join_chain(pool, chain);
    use_one(pool);
    release(pool);
}

/* Acquires a pool, gets a block of it; with `keeps_it` the program keeps that.  Then releases it. */
static inline struct pool *acquire(unsigned class, bool keeps_it)
{
    overlap_begin(OPERATION_ACQUIRE, NULL, "acquire");
    struct pool *pool = ep__pool_acquire(class, 0, false);
    overlap_end();
    if (pool == NULL)
        return NULL;
    ep__pool_map(pool, EP__OWNER_DETACHED + 1 + model_thread());
    struct block *block = ep__carve(pool);
    world_got(block);
    if (!keeps_it)
        list_block(pool, block);
    release(pool);
    return pool;
}

/* The books' part of a scenario. */
#define BOOKS                                                                                      \
    .begin = world_begin, .state = world_state, .always = world_always, .at_rest = world_at_rest

#endif
