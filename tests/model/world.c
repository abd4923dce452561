/* The books.  See world.h. */
#include "world.h"

#include <string.h>

#include "explore.h"
#include "names.h"
#include "pool/carve.h"
#include "rest.h"
#include "search.h"

enum { LIVE_MAX = 32, POOLS_MAX = 8, STAMP = 0x57a3 };

struct live {
    struct block *block;
    unsigned holder;
    bool is_leaving;
};

struct books {
    struct live live[LIVE_MAX];
    unsigned count;
    uint64_t slots[EP__GROUP_ARENAS]; /* held without a pool, by arena id */
};

static struct books books;
static struct books at_start;
static struct pool *named[POOLS_MAX];
static unsigned named_count;

struct window *world_window(void)
{
    return ep__window_at(0);
}

void world_begin(void)
{
    static bool has_begun;
    if (!has_begun)
        at_start = books;
    has_begun = true;
    books = at_start;
}

static struct live *find(const struct block *block)
{
    for (unsigned i = 0; i < books.count; i++)
        if (books.live[i].block == block)
            return &books.live[i];
    return NULL;
}

bool world_holds(const void *block)
{
    return find(block) != NULL;
}

/* The program's own access to a block: it must be ordered with the allocator's. */
static void stamp(struct block *block, bool is_write)
{
    uint64_t *word = (uint64_t *)(void *)block;
    if (model_is_noting())
        model_plain(word, sizeof *word, is_write);
    if (is_write)
        *word = STAMP + (uintptr_t)block;
    else if (*word != STAMP + (uintptr_t)block)
        model_fail("a block that the program holds was written into: %s", model_name_of(block));
}

static void stamp_slots(struct arena *arena, unsigned first, unsigned count, bool is_write)
{
    for (unsigned slot = first; slot < first + count; slot++)
        stamp((struct block *)(void *)ep__arena_slot_start(arena, slot), is_write);
}

void world_got(struct block *block)
{
    struct live *live = find(block);
    if (live != NULL && !live->is_leaving)
        model_fail("block %s is given out twice: T%u has it", model_name_of(block),
                   live->holder + 1);
    if (books.count == LIVE_MAX)
        model_break("too many blocks");
    if (live == NULL)
        live = &books.live[books.count++];
    *live = (struct live){block, model_thread(), false};
    stamp(block, true);
}

void world_giving(struct block *block)
{
    struct live *live = find(block);
    model_assert(live != NULL);
    stamp(block, false);
    live->is_leaving = true;
    live->holder = model_thread();
}

void world_gave(struct block *block)
{
    struct live *live = find(block);
    if (live != NULL && live->is_leaving && live->holder == model_thread())
        *live = books.live[--books.count];
}

void world_moved(struct block *from, struct block *to)
{
    uint64_t *word = (uint64_t *)(void *)to;
    if (model_is_noting())
        model_plain(word, sizeof *word, false);
    if (*word != STAMP + (uintptr_t)from)
        model_fail("what was written into %s has not come along", model_name_of(from));
    world_gave(from);
    world_got(to);
}

void world_got_slots(struct arena *arena, unsigned first, unsigned count)
{
    uint64_t bits = ep__bits_range(first, count);
    if ((books.slots[arena->id] & bits) != 0)
        model_fail("slot %u is held twice", first);
    books.slots[arena->id] |= bits;
    stamp_slots(arena, first, count, true);
}

void world_giving_slots(struct arena *arena, unsigned first, unsigned count)
{
    stamp_slots(arena, first, count, false);
    books.slots[arena->id] &= ~ep__bits_range(first, count);
}

void world_name_pool(struct pool *pool, const char *name)
{
    name_object(pool, sizeof *pool, SHAPE_POOL, name);
    named[named_count++] = pool;
}

void world_name_arena(struct arena *arena, const char *name)
{
    name_object(arena, sizeof *arena, SHAPE_ARENA, name);
}

/* In whatever order the blocks were got. */
uint64_t world_state(void)
{
    uint64_t state = 0;
    for (unsigned i = 0; i < books.count; i++)
        state += hash_mix(hash_mix((uintptr_t)books.live[i].block, books.live[i].holder),
                          books.live[i].is_leaving);
    for (unsigned i = 0; i < EP__GROUP_ARENAS; i++)
        state = books.slots[i] == 0 ? state : hash_mix(state + i, books.slots[i]);
    return state;
}

static bool lies_in(const struct pool *pool, const struct block *block)
{
    size_t bytes = (size_t)ep__size_classes[pool->class].slots << EP__SLOT_LOG2;
    return (size_t)((const char *)block - pool->base) < bytes;
}

static uint32_t count_live(const struct pool *pool, bool and_leaving)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < books.count; i++)
        if (lies_in(pool, books.live[i].block) && (and_leaving || !books.live[i].is_leaving))
            count++;
    return count;
}

uint32_t world_live(const struct pool *pool)
{
    return count_live(pool, true);
}

/* pool.h, invariants 1 to 4, as far as shared words show them while blocks are on their way. */
static void check_word(struct pool *pool)
{
    uint64_t word = ep__pool_word(pool);
    uint32_t capacity = ep__size_classes[pool->class].capacity;
    uint32_t held = count_live(pool, false);
    if (!ep__pool_check(pool))
        model_fail("ep__pool_check: %s is wrong", model_name_of(&pool->word));
    /* The new owner's store of the word may be delayed: who has a block of the pool from him sees it. */
    if (ep__word_state(word) == EP__FREE && held != 0 && !search_is_delayed())
        model_fail("%s is FREE and %u of its blocks are in use", model_name_of(&pool->word), held);
    if (ep__word_state(word) == EP__FULL && world_live(pool) < capacity)
        model_fail("%s is FULL and has free blocks", model_name_of(&pool->word));
    if (ep__word_state(word) == EP__OWNED && ep__word_count(word) + held > capacity)
        model_fail("%s counts blocks that are in use", model_name_of(&pool->word));
    uint32_t live = capacity - ep__word_count(word);
    if (ep__word_state(word) == EP__PARTIAL && (live < held || live > world_live(pool)))
        model_fail("%s: %u blocks are in use", model_name_of(&pool->word), held);
}

void world_always(void)
{
    for (unsigned i = 0; i < named_count; i++)
        check_word(named[i]);
}

/* Notes a block of a list, or of the program, in a bitmap of the pool's blocks. */
static void mark(struct pool *pool, const struct block *block, uint64_t *seen)
{
    const struct size_class *size = &ep__size_classes[pool->class];
    size_t offset = (size_t)((const char *)block - pool->base);
    uint64_t bit = (uint64_t)1 << offset / size->bytes;
    if (!lies_in(pool, block) || !ep__carve_has(pool, (uint32_t)(offset / size->bytes)))
        model_fail("a list of %s leads out of the pool", model_name_of(&pool->word));
    if ((*seen & bit) != 0)
        model_fail("a block of %s is in two places", model_name_of(&pool->word));
    *seen |= bit;
}

static uint32_t mark_chain(struct pool *pool, const struct block *block, uint64_t *seen)
{
    uint32_t count = 0;
    for (; block != NULL; block = block->next, count++)
        mark(pool, block, seen);
    return count;
}

void rest_check_blocks(struct pool *pool)
{
    const struct size_class *size = &ep__size_classes[pool->class];
    uint64_t word = ep__pool_word(pool);
    uint64_t seen = 0;
    const struct block *head = NULL;
    if (ep__word_head(word) != EP__POOL_NO_HEAD)
        head = (const struct block *)(void *)(pool->base + ((size_t)ep__word_head(word) << 4));
    check_word(pool);
    uint32_t remote = mark_chain(pool, head, &seen);
    uint32_t own = mark_chain(pool, pool->list, &seen);
    for (unsigned i = 0; i < books.count; i++)
        if (lies_in(pool, books.live[i].block))
            mark(pool, books.live[i].block, &seen);
    if (ep__bits_count(seen) != pool->carved)
        model_fail("a block of %s is lost", model_name_of(&pool->word));
    if (ep__word_state(word) == EP__OWNED && remote != ep__word_count(word))
        model_fail("%s: the list has %u blocks", model_name_of(&pool->word), remote);
    own += (uint32_t)size->capacity - pool->carved;
    if (ep__word_state(word) == EP__PARTIAL && own + remote != ep__word_count(word))
        model_fail("%s: %u blocks are free", model_name_of(&pool->word), own + remote);
}

uint32_t rest_live_blocks(void)
{
    return books.count;
}

uint64_t rest_held_slots(const struct arena *arena)
{
    return books.slots[arena->id];
}
