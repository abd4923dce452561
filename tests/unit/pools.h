/* Pools for tests to play with, and the places where tests call what has arguments of its own. */
#ifndef TESTS_UNIT_POOLS_H
#define TESTS_UNIT_POOLS_H

#include "pool/carve.h"
#include "pool/partial.h"
#include "pool/pool.h"
#include "unit/arenas.h"

/* Classes of small and big capacity, of one slot and of four. */
static const unsigned some_classes[] = {0, 2, 23, 31, 39, 55, 63, 66, 79};
enum { SOME_CLASSES = sizeof some_classes / sizeof some_classes[0], CAPACITY_MAX = 4096 };

static inline uint32_t capacity_of(const struct pool *pool)
{
    return ep__size_classes[pool->class].capacity;
}

static inline enum ep__pool_state state_of(struct pool *pool)
{
    return ep__word_state(ep__pool_word(pool));
}

static inline uint32_t count_of(struct pool *pool)
{
    return ep__word_count(ep__pool_word(pool));
}

static inline uint32_t mapped_owner(const struct pool *pool)
{
    return ep__load_relaxed(ep__pool_owner(pool));
}

/* A new pool that the caller owns. */
static inline struct pool *make_pool(unsigned class)
{
    struct pool *pool = ep__pool_acquire(class, 0, false);
    if (pool == NULL)
        pool = ep__pool_acquire(class, 0, true);
    assert_non_null(pool);
    assert_true(ep__pool_check(pool));
    return pool;
}

/* Adds the blocks of a chain to an array; returns how many there are then. */
static inline uint32_t collect(struct block *chain, struct block **blocks, uint32_t count)
{
    for (; chain != NULL; chain = chain->next) {
        assert_true(count < CAPACITY_MAX);
        blocks[count++] = chain;
    }
    return count;
}

/* Takes every block out of a pool that the caller owns: the program has them all then. */
static inline uint32_t carve_all(struct pool *pool, struct block **blocks)
{
    uint32_t count = 0;
    struct block *chain;
    while ((chain = ep__carve(pool)) != NULL)
        count = collect(chain, blocks, count);
    return count;
}

/* Links blocks to a batch. */
static inline struct batch make_batch(struct pool *pool, struct block **blocks, uint32_t count)
{
    struct batch batch = {pool, blocks[0], blocks[count - 1], count};
    for (uint32_t i = 0; i + 1 < count; i++)
        blocks[i]->next = blocks[i + 1];
    return batch;
}

/* Frees blocks as a thread does that does not own their pool. */
static inline enum ep__push_result push_blocks(struct pool *pool, struct block **blocks,
                                               uint32_t count, bool adopt)
{
    struct batch batch = make_batch(pool, blocks, count);
    return ep__pool_push_remote(&batch, adopt);
}

static inline bool claim(struct pool *pool, unsigned class, struct block **chain)
{
    return ep__pool_claim(pool, class, chain);
}

/* A pool all of whose blocks are out, and which nobody owns. */
static inline struct pool *make_full(unsigned class, struct block **blocks)
{
    struct pool *pool = make_pool(class);
    assert_int_equal(carve_all(pool, blocks), capacity_of(pool));
    ep__pool_release(pool, 0);
    assert_int_equal(state_of(pool), EP__FULL);
    return pool;
}

/* Puts blocks on the private list of a pool that the caller owns. */
static inline void list_blocks(struct pool *pool, struct block **blocks, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        blocks[i]->next = pool->list;
        pool->list = blocks[i];
    }
}

/* Whether a pool has gone back to its arena. */
static inline bool is_back(struct pool *pool, struct arena *arena, unsigned slot, unsigned slots)
{
    uint64_t wanted = ep__bits_range(slot, slots);
    return state_of(pool) == EP__FREE && (free_word(arena) & wanted) == wanted;
}

#endif
