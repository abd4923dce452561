/* Partial pools.  The argument stands in partial.h. */
#include "pool/partial.h"

enum { CLAIMS_MAX = 32 };

static _Atomic(uint64_t) *hints_of(struct window *window, uint32_t arena_id, unsigned kind)
{
    struct arena_group *group = &window->groups[arena_id / EP__GROUP_ARENAS];
    if (kind >= EP__KIND_TRACKED)
        return &group->tracked_pools[arena_id % EP__GROUP_ARENAS][kind - EP__KIND_TRACKED];
    return &group->partial_pools[arena_id % EP__GROUP_ARENAS][kind];
}

void ep__partial_hint(struct pool *pool, unsigned kind)
{
    struct window *window = pool->arena->window;
    uint32_t id = pool->arena->id;
    /* order: acq_rel HNP -- pairs with clear_hint; carries the word made PARTIAL before */
    ep__fetch_or_acq_rel(hints_of(window, id, kind), (uint64_t)1 << pool->slot);
    ep__arena_set_add(window, EP__SET_PARTIAL + kind, id);
}

/* Whether the pool in a slot should be hinted under a kind. */
static bool deserves_hint(struct pool *pool, const struct arena *arena, unsigned slot,
                          unsigned kind)
{
    uint64_t word = ep__pool_word(pool);
    if (ep__word_state(word) != EP__PARTIAL ||
        ep__word_count(word) < ep__size_classes[ep__kind_class(kind)].usable_at)
        return false;
    /* order: relaxed -- a stale kind sets or leaves a hint that the next searcher corrects */
    return ep__load_relaxed(&arena->kinds[slot]) == kind;
}

/* Takes an arena whose hints were seen empty out of the kind's set, and looks again. */
static void correct_set(struct window *window, uint32_t id, unsigned kind)
{
    ep__arena_set_remove(window, EP__SET_PARTIAL + kind, id);
    /* order: acquire HNP -- pairs with ep__partial_hint; the second look of the level above */
    if (ep__load_acquire(hints_of(window, id, kind)) != 0)
        ep__arena_set_add(window, EP__SET_PARTIAL + kind, id);
}

/* Clears the hint of a slot, looks again, and sets it again if need be. */
static void clear_hint(struct window *window, uint32_t id, unsigned slot, unsigned kind)
{
    _Atomic(uint64_t) *hints = hints_of(window, id, kind);
    uint64_t bit = (uint64_t)1 << slot;
    /* order: acq_rel HNP -- pairs with ep__partial_hint: what was PARTIAL before the bit was set is seen by the
     * second look; what becomes PARTIAL later sets the bit anew */
    uint64_t before = ep__fetch_and_acq_rel(hints, ~bit);
    struct pool *pool = ep__pool_at(window, id * EP__ARENA_SLOTS + slot);
    if (deserves_hint(pool, ep__arena_at(window, id), slot, kind)) {
        ep__partial_hint(pool, kind);
        return;
    }
    if ((before & ~bit) == 0)
        correct_set(window, id, kind);
}

/* Claims one of the hinted pools of an arena. */
static struct pool *claim_in_arena(struct window *window, uint32_t id, unsigned kind,
                                   struct block **chain)
{
    /* order: acquire HNP -- pairs with ep__partial_hint; the words are read after their hints */
    uint64_t hints = ep__load_acquire(hints_of(window, id, kind));
    for (; hints != 0; hints &= hints - 1) {
        unsigned slot = ep__bits_lowest(hints);
        struct pool *pool = ep__pool_at(window, id * EP__ARENA_SLOTS + slot);
        bool is_mine = ep__pool_claim(pool, kind, chain);
        clear_hint(window, id, slot, kind);
        if (is_mine)
            return pool;
    }
    return NULL;
}

static struct pool *claim_in_window(struct window *window, unsigned kind, struct block **chain)
{
    uint32_t id = 0;
    for (unsigned tries = 0; tries < CLAIMS_MAX; tries++, id++) {
        id = ep__arena_set_next(window, EP__SET_PARTIAL + kind, id);
        if (id == EP__ARENA_NONE)
            return NULL;
        struct pool *pool = claim_in_arena(window, id, kind, chain);
        if (pool != NULL)
            return pool;
        correct_set(window, id, kind);
    }
    return NULL;
}

/* Reads the hints of every arena: finds all that a thread has hidden that is stopped while it corrects a set.  The one
 * pool whose hint a thread has cleared, and not looked at again, stays hidden as long as it is stopped. */
static struct pool *sweep_window(struct window *window, unsigned kind, struct block **chain)
{
    uint32_t begun = ep__arena_ids_begun(window);
    for (uint32_t id = 0; id < begun; id++) {
        /* order: relaxed -- claim_in_arena reads again in order */
        if (ep__load_relaxed(hints_of(window, id, kind)) == 0)
            continue;
        struct pool *pool = claim_in_arena(window, id, kind, chain);
        if (pool != NULL)
            return pool;
    }
    return NULL;
}

struct pool *ep__partial_claim(unsigned kind, bool is_sweep, struct block **chain)
{
    for (unsigned i = 0; i < EP__WINDOWS_MAX && ep__window_at(i) != NULL; i++) {
        struct window *window = ep__window_at(i);
        if (ep__window_is_closed(window))
            continue;
        struct pool *pool =
            is_sweep ? sweep_window(window, kind, chain) : claim_in_window(window, kind, chain);
        if (pool != NULL)
            return pool;
    }
    return NULL;
}
