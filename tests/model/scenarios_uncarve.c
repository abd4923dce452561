/* Un-carving: pages of PARTIAL pools and of an owner's go back beside frees, claims and carving.  A page that goes is
 * written to, for the explorer; so a block of the program's that overlaps it would be seen to change. */
#include "ops.h"
#include "pool/uncarve.h"
#include "scenarios.h"

enum { HELD = 40 };

static struct pool *pool;
static struct block *blocks[4];

/* Three blocks of a page and a half: 0 and 1 meet in page 1; page 2 ends in the tail of 1 alone, 2 has 3 and 4. */
static void owned_straddling(void)
{
    (void)make_arena(HELD);
    pool = make_pool(CLASS_STRADDLING, "A", blocks);
}

/* Free is block 0: its first page has no other. */
static void owned_first_free(void)
{
    owned_straddling();
    list_block(pool, blocks[0]);
}

static void partial_first_free(void)
{
    owned_first_free();
    ep__pool_release(pool, pool->listed);
}

static void partial_two_free(void)
{
    owned_first_free();
    list_block(pool, blocks[1]);
    ep__pool_release(pool, pool->listed);
}

/* Free is block 1: of its pages 0 shares the first. */
static void partial_second_free(void)
{
    owned_straddling();
    list_block(pool, blocks[1]);
    ep__pool_release(pool, pool->listed);
}

/* PARTIAL with holes where block 0 and 1 were. */
static void partial_with_holes(void)
{
    partial_two_free();
    (void)ep__uncarve_all(EP__UNCARVE_CHANGED);
}

static void uncarve_changed(void)
{
    (void)ep__uncarve_all(EP__UNCARVE_CHANGED);
}

static void uncarve_twice(void)
{
    uncarve_changed();
    uncarve_changed();
}

static void uncarve_and_release(void)
{
    (void)ep__uncarve(pool);
    release(pool);
}

static void take_uncarve_and_release(void)
{
    take(pool);
    uncarve_and_release();
}

static void push_0(void)
{
    push(pool, &blocks[0], 1, false);
}

static void push_1(void)
{
    push(pool, &blocks[1], 1, false);
}

static void push_2(void)
{
    push(pool, &blocks[2], 1, false);
}

/* Claims a PARTIAL pool, gets all that is free of it, carving what does not exist, and keeps it. */
static void claim_and_use_up(void)
{
    struct block *chain = NULL;
    struct pool *claimed = ep__partial_claim(CLASS_STRADDLING, false, &chain);
    if (claimed == NULL)
        return;
    ep__pool_map(claimed, EP__OWNER_DETACHED + 1 + model_thread());
    join_chain(claimed, chain);
    while (claimed->list != NULL || (claimed->list = ep__carve(claimed)) != NULL) {
        struct block *block = claimed->list;
        claimed->list = block->next;
        world_got(block);
    }
    claimed->listed = 0;
    release(claimed);
}

static void acquire_pair(void)
{
    (void)acquire(CLASS_PAIR, true);
}

static void push_2_then_acquire(void)
{
    push_2();
    acquire_pair();
}

const struct scenario scenarios_uncarve[] = {
    {"uncarve-push", "a PARTIAL pool is un-carved while two threads free into it",
     partial_first_free, .threads = {uncarve_changed, push_1, push_2}, BOOKS},
    {"uncarve-straddling", "the free block of a PARTIAL pool shares a page", partial_second_free,
     .threads = {uncarve_changed, push_0, claim_and_use_up}, BOOKS},
    {"uncarve-acquire", "all pools are un-carved while one is made", partial_first_free,
     .threads = {uncarve_changed, acquire_pair}, BOOKS},
    {"uncarve-twice", "two threads un-carve what a third frees into", partial_first_free,
     .threads = {uncarve_twice, uncarve_changed, push_1}, BOOKS},
    {"uncarve-claim", "a PARTIAL pool is un-carved, claimed and carved again", partial_two_free,
     .threads = {uncarve_changed, claim_and_use_up, push_2}, BOOKS},
    {"uncarve-holes", "two threads carve holes while the last block is freed", partial_with_holes,
     .threads = {claim_and_use_up, claim_and_use_up, push_2}, BOOKS},
    {"uncarve-owner", "the owner un-carves and lets go while others free and claim",
     owned_first_free, .threads = {uncarve_and_release, push_1, claim_and_use_up}, BOOKS},
    {"uncarve-take", "the owner takes what comes before it un-carves", owned_first_free,
     .threads = {take_uncarve_and_release, push_1, uncarve_changed}, BOOKS},
    {"uncarve-reborn", "the pool with holes is emptied, and its slot reborn for another class",
     partial_with_holes, .threads = {uncarve_changed, push_2_then_acquire}, BOOKS},
    {.name = NULL},
};
