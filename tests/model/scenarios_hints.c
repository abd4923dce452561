/* Hints of claimable pools, and the sets of arenas: cleared, read again, and set by others meanwhile. */
#include "arena/arena_set.h"
#include "ops.h"
#include "scenarios.h"

enum { SET = EP__SET_HOLE + 1, OTHER_GROUP = EP__GROUP_ARENAS };

static struct pool *pools[2];
static struct block *blocks[2][4];

static void name_hints(struct pool *pool, const char *leaf, const char *hints)
{
    struct arena_group *group = &world_window()->groups[0];
    name_object(&group->leaves[EP__SET_PARTIAL + pool->class], 8, SHAPE_NUMBER, leaf);
    name_object(&group->partial_pools[pool->arena->id][pool->class], 8, SHAPE_NUMBER, hints);
}

/* A has one block free and is hinted, B none. */
static void partial_and_full(void)
{
    (void)make_arena(40);
    pools[0] = make_pool(CLASS_PAIR, "A", blocks[0]);
    pools[1] = make_pool(CLASS_PAIR, "B", blocks[1]);
    name_hints(pools[0], "leaf of arenas", "hints of pools");
    list_block(pools[0], blocks[0][1]);
    ep__pool_release(pools[0], pools[0]->listed);
    ep__pool_release(pools[1], 0);
}

/* The same, each in an arena of its own. */
static void in_two_arenas(void)
{
    (void)make_arena(40);
    pools[0] = make_pool(CLASS_PAIR, "A", blocks[0]);
    (void)make_arena(50);
    pools[1] = make_pool(CLASS_PAIR, "B", blocks[1]);
    model_assert(pools[0]->arena != pools[1]->arena);
    name_hints(pools[0], "leaf of arenas", "hints of A's arena");
    name_object(&world_window()->groups[0].partial_pools[1][CLASS_PAIR], 8, SHAPE_NUMBER,
                "hints of B's arena");
    list_block(pools[0], blocks[0][1]);
    ep__pool_release(pools[0], pools[0]->listed);
    ep__pool_release(pools[1], 0);
}

/* A is OWNED, and a hint of it is left over. */
static void stale_hint(void)
{
    (void)make_arena(40);
    pools[0] = make_pool(CLASS_PAIR, "A", blocks[0]);
    name_hints(pools[0], "leaf of arenas", "hints of pools");
    list_block(pools[0], blocks[0][1]);
    ep__partial_hint(pools[0], CLASS_PAIR);
}

static void claim_pair(void)
{
    claim(CLASS_PAIR, false);
}

static void claim_pair_by_sweep(void)
{
    claim(CLASS_PAIR, true);
}

static void push_b(void)
{
    push(pools[1], &blocks[1][0], 1, false);
}

static void push_a(void)
{
    push(pools[0], &blocks[0][0], 1, false);
}

static void release_a(void)
{
    release(pools[0]);
}

/* --- sets alone: arenas 0 and 1 of the first group, 64 of the second ------------------------------- */

static void window_with_0(void)
{
    (void)make_arena(63);
    ep__arena_set_add(world_window(), SET, 0);
    name_object(&world_window()->set_tops[SET], 8, SHAPE_NUMBER, "top");
    name_object(&world_window()->set_summaries[0][SET], 8, SHAPE_NUMBER, "summary");
    name_object(&world_window()->groups[0].leaves[SET], 8, SHAPE_NUMBER, "leaf 0");
    name_object(&world_window()->groups[1].leaves[SET], 8, SHAPE_NUMBER, "leaf 1");
}

static void remove_0(void)
{
    (void)ep__arena_set_remove(world_window(), SET, 0);
}

static void add_1(void)
{
    ep__arena_set_add(world_window(), SET, 1);
}

static void add_64(void)
{
    ep__arena_set_add(world_window(), SET, OTHER_GROUP);
}

static void remove_and_add_0(void)
{
    remove_0();
    ep__arena_set_add(world_window(), SET, 0);
}

static void search(void)
{
    uint32_t id = ep__arena_set_next(world_window(), SET, 0);
    model_assert(id == EP__ARENA_NONE || id <= 1 || id == OTHER_GROUP);
}

static void add_and_remove_64(void)
{
    add_64();
    model_assert(ep__arena_set_remove(world_window(), SET, OTHER_GROUP));
}

static void is_found(uint32_t id)
{
    if (ep__arena_set_next(world_window(), SET, id) != id)
        model_fail("arena %u has been added and is not found", id);
}

static void at_rest_1_is_found(void)
{
    is_found(1);
}

static void at_rest_64_is_found(void)
{
    is_found(OTHER_GROUP);
}

static void at_rest_0_is_found(void)
{
    is_found(0);
}

const struct scenario scenarios_hints[] = {
    {"hint-claim-push", "two claim while a push hints a second pool", partial_and_full,
     .threads = {claim_pair, claim_pair, push_b}, BOOKS},
    {"hint-two-arenas", "a claim empties an arena's hints while a push hints in another",
     in_two_arenas, .threads = {claim_pair, push_b, claim_pair_by_sweep}, BOOKS, .is_long = true},
    {"hint-two-arenas-pair", "the same without the sweep", in_two_arenas,
     .threads = {claim_pair, push_b}, BOOKS},
    {"hint-release-claim", "a stale hint is cleared while the owner lets go", stale_hint,
     .threads = {release_a, claim_pair}, BOOKS},
    {"hint-release-claims", "while two clear it", stale_hint,
     .threads = {release_a, claim_pair, claim_pair}, BOOKS, .is_long = true},
    {"hint-release-push", "and the last block comes back", stale_hint,
     .threads = {release_a, claim_pair, push_a}, BOOKS},
    {"set-leaf", "one arena leaves a group while another joins it", window_with_0,
     .threads = {remove_0, add_1, search}, .at_rest = at_rest_1_is_found},
    {"set-summary", "a group's last arena leaves while another group's first joins", window_with_0,
     .threads = {remove_0, add_64, search}, .at_rest = at_rest_64_is_found},
    {"set-again", "an arena leaves and joins beside two searches", window_with_0,
     .threads = {remove_and_add_0, search, search}, .at_rest = at_rest_0_is_found},
    {"set-both", "two groups change while a search clears what it finds empty", window_with_0,
     .threads = {remove_and_add_0, add_and_remove_64, search}, .at_rest = at_rest_0_is_found},
    {.name = NULL},
};
