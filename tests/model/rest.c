/* What must hold when nobody is doing anything: arenas, their sets, the hints of pools, the counters. */
#include "rest.h"

#include "arena/arena_set.h"
#include "explore.h"
#include "pool/partial.h"
#include "world.h"

struct sums {
    uint32_t live;
    int64_t all_free;
    int64_t used_slots;
    int64_t dirty_free_slots;
};

/* A member of a set is found from the top. */
static bool is_found(struct window *window, unsigned set, uint32_t id)
{
    uint32_t group = id / EP__GROUP_ARENAS;
    return ep__arena_set_has(window, set, id) &&
           (ep__load_relaxed(&window->set_summaries[group / 64][set]) >> group % 64 & 1U) != 0 &&
           (ep__load_relaxed(&window->set_tops[set]) >> group / 64 & 1U) != 0;
}

/* arena_set.h: a bit stands for nothing below only by mistake in the other direction. */
static void check_set(struct window *window, unsigned set)
{
    for (uint32_t group = 0; group < window->arena_count / EP__GROUP_ARENAS; group++) {
        uint64_t leaf = ep__load_relaxed(&window->groups[group].leaves[set]);
        uint32_t id = group * EP__GROUP_ARENAS + (leaf == 0 ? 0 : ep__bits_lowest(leaf));
        if (leaf != 0 && !is_found(window, set, id))
            model_fail("set %u: arena %u is a member and is not found from the top", set, id);
    }
}

static void check_bucket(struct arena *arena, uint32_t count)
{
    uint32_t bucket = ep__load_relaxed(&arena->bucket);
    bool is_settled =
        count == 0 ? bucket == 0 : bucket >= 1 && bucket + 1 >= count && bucket <= count + 1;
    if (!is_settled)
        model_fail("arena %u has %u free slots and is in bucket %u", arena->id, count, bucket);
    if (bucket != 0 && !is_found(arena->window, EP__SET_BUCKET + bucket, arena->id))
        model_fail("arena %u is in bucket %u and is not found there", arena->id, bucket);
}

static void check_holes(struct arena *arena, uint64_t word)
{
    for (unsigned hole = 1; hole <= 4; hole++) {
        bool has_hole = false;
        unsigned slots = 1U << hole;
        for (unsigned first = 0; first < EP__ARENA_SLOTS; first += slots)
            has_hole |= (word & ep__bits_range(first, slots)) == ep__bits_range(first, slots);
        if (has_hole && !is_found(arena->window, EP__SET_HOLE + hole, arena->id))
            model_fail("arena %u has a hole of %u slots and is not noted", arena->id, slots);
    }
}

/* partial.h: the invariant. */
static void check_hint(struct arena *arena, struct pool *pool)
{
    uint64_t word = ep__pool_word(pool);
    struct arena_group *group = &arena->window->groups[arena->id / EP__GROUP_ARENAS];
    uint64_t hints =
        pool->kind >= EP__KIND_TRACKED
            ? ep__load_relaxed(&group->tracked_pools[arena->id % EP__GROUP_ARENAS][pool->class])
            : ep__load_relaxed(&group->partial_pools[arena->id % EP__GROUP_ARENAS][pool->class]);
    if (ep__word_state(word) != EP__PARTIAL ||
        ep__word_count(word) < ep__size_classes[pool->class].usable_at)
        return;
    if ((hints >> pool->slot & 1U) == 0 ||
        !is_found(arena->window, EP__SET_PARTIAL + pool->kind, arena->id))
        model_fail("%s is claimable and not hinted", model_name_of(&pool->word));
}

/* The slots of what starts in a slot: of a run, which the program has, or of a pool, whose blocks are checked. */
static unsigned check_pool_or_run(struct arena *arena, struct pool *pool, struct sums *sums)
{
    if (ep__load_relaxed(&arena->kinds[pool->slot]) == EP__KIND_RUN) {
        if (!world_holds(pool->base))
            model_fail("the run in slot %u is lost", pool->slot);
        sums->live++;
        return ep__load_relaxed(&pool->run_slots);
    }
    rest_check_blocks(pool);
    check_hint(arena, pool);
    sums->live += world_live(pool);
    return ep__size_classes[pool->class].slots;
}

/* The slots that pools and runs have. */
static uint64_t check_pools(struct arena *arena, struct sums *sums)
{
    uint64_t slots = 0;
    for (unsigned slot = 0; slot < EP__ARENA_SLOTS; slot++) {
        struct pool *pool = ep__pool_at(arena->window, arena->id * EP__ARENA_SLOTS + slot);
        if (ep__word_state(ep__pool_word(pool)) == EP__FREE)
            continue;
        uint64_t bits = ep__bits_range(slot, check_pool_or_run(arena, pool, sums));
        if ((slots & bits) != 0)
            model_fail("two pools or runs have slot %u", slot);
        slots |= bits;
    }
    return slots;
}

static void check_arena(struct arena *arena, struct sums *sums)
{
    uint64_t word = ep__load_relaxed(&arena->free_slots);
    bool is_in_use = ep__load_relaxed(&arena->in_use) != 0;
    bool is_retired = ep__arena_set_has(arena->window, EP__SET_RETIRED, arena->id);
    if (is_in_use == is_retired)
        model_fail("arena %u is %s", arena->id, is_retired ? "in use and retired" : "lost");
    uint64_t held = check_pools(arena, sums);
    if ((held & rest_held_slots(arena)) != 0)
        model_fail("a pool lies in slots that the program holds");
    held |= rest_held_slots(arena);
    if (is_in_use && word != ~held)
        model_fail("arena %u: free slots 0x%jx, held 0x%jx", arena->id, (uintmax_t)word,
                   (uintmax_t)held);
    if (!is_in_use && (word | held) != 0)
        model_fail("arena %u is retired and has slots", arena->id);
    check_bucket(arena, ep__bits_count(word));
    check_holes(arena, word);
    sums->all_free += word == ~UINT64_C(0);
    sums->used_slots += is_in_use ? 64 - ep__bits_count(word) : 0;
    sums->dirty_free_slots += ep__bits_count(word & ep__load_relaxed(&arena->dirty_slots));
}

void world_at_rest(void)
{
    struct window *window = world_window();
    struct sums sums = {0, 0, 0, 0};
    for (uint32_t id = 0; id < ep__arena_ids_begun(window); id++)
        check_arena(ep__arena_at(window, id), &sums);
    for (unsigned set = 1; set < EP__SETS; set++)
        check_set(window, set);
    if (sums.live != rest_live_blocks())
        model_fail("%u blocks are in use, %u of them in pools", rest_live_blocks(), sums.live);
    if (ep__load_relaxed(&ep__arenas.all_free) != sums.all_free)
        model_fail("%jd arenas are wholly free, not %jd", (intmax_t)sums.all_free,
                   (intmax_t)ep__load_relaxed(&ep__arenas.all_free));
    if (ep__load_relaxed(&ep__arenas.used_slots) != sums.used_slots)
        model_fail("%jd slots are used, not %jd", (intmax_t)sums.used_slots,
                   (intmax_t)ep__load_relaxed(&ep__arenas.used_slots));
    if (ep__load_relaxed(&ep__arenas.dirty_free_slots) != sums.dirty_free_slots)
        model_fail("%jd free slots have pages, not %jd", (intmax_t)sums.dirty_free_slots,
                   (intmax_t)ep__load_relaxed(&ep__arenas.dirty_free_slots));
}
