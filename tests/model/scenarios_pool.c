/* The ownership word: every pair of its transitions, on pools of two to four blocks. */
#include "ops.h"
#include "scenarios.h"

enum { HELD = 40 };

static struct pool *pool;
static struct block *blocks[4];

static void owned_three(void)
{
    (void)make_arena(HELD);
    pool = make_pool(CLASS_THREE, "A", blocks);
}

/* The arena's bucket is one below its free slots: it stays there when one more is free, or one less. */
static void owned_pair(void)
{
    struct arena *arena = make_arena(HELD);
    pool = make_pool(CLASS_PAIR, "A", blocks);
    hold_slot(arena, EP__ARENA_SLOTS - HELD);
}

static void owned_wide(void)
{
    (void)make_arena(HELD);
    pool = make_pool(CLASS_WIDE, "A", blocks);
}

static void full_three(void)
{
    owned_three();
    ep__pool_release(pool, 0);
}

static void full_pair(void)
{
    owned_pair();
    ep__pool_release(pool, 0);
}

static void full_wide(void)
{
    owned_wide();
    ep__pool_release(pool, 0);
}

/* PARTIAL with one block free, in the private list. */
static void partial_three(void)
{
    owned_three();
    list_block(pool, blocks[2]);
    ep__pool_release(pool, pool->listed);
}

static void partial_pair(void)
{
    owned_pair();
    list_block(pool, blocks[1]);
    ep__pool_release(pool, pool->listed);
}

/* PARTIAL with two of three blocks free, hinted. */
static void partial_two_of_three(void)
{
    owned_three();
    list_block(pool, blocks[2]);
    list_block(pool, blocks[1]);
    ep__pool_release(pool, pool->listed);
}

static void whole_pair(void)
{
    owned_pair();
    list_block(pool, blocks[0]);
    list_block(pool, blocks[1]);
}

static void whole_wide(void)
{
    owned_wide();
    for (unsigned i = 0; i < 4; i++)
        list_block(pool, blocks[i]);
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

static void push_0_and_1(void)
{
    push(pool, &blocks[0], 2, false);
}

static void push_2_and_3(void)
{
    push(pool, &blocks[2], 2, false);
}

static void push_0_then_1(void)
{
    push_0();
    push_1();
}

static void adopt_0(void)
{
    push(pool, &blocks[0], 1, true);
}

static void adopt_1(void)
{
    push(pool, &blocks[1], 1, true);
}

static void adopt_2(void)
{
    push(pool, &blocks[2], 1, true);
}

static void take_twice(void)
{
    take(pool);
    take(pool);
}

static void take_and_release(void)
{
    take(pool);
    release(pool);
}

static void release_it(void)
{
    release(pool);
}

static void list_and_release(void)
{
    list_block(pool, blocks[1]);
    release(pool);
}

static void empty_it(void)
{
    pool->list = NULL;
    empty(pool);
}

static void claim_pair(void)
{
    claim(CLASS_PAIR, false);
}

static void claim_three(void)
{
    claim(CLASS_THREE, false);
}

static void claim_wide(void)
{
    claim(CLASS_WIDE, false);
}

static void acquire_pair(void)
{
    (void)acquire(CLASS_PAIR, true);
}

static void acquire_wide(void)
{
    (void)acquire(CLASS_WIDE, true);
}

static void acquire_three(void)
{
    (void)acquire(CLASS_THREE, true);
}

/* Frees the last block, and acquires a pool of another class, in the slot that has become free. */
static void push_and_acquire_pair(void)
{
    push_0();
    acquire_pair();
}

const struct scenario scenarios_pool[] = {
    {"push-push-take", "two threads push while the owner takes", owned_three,
     .threads = {take_twice, push_0, push_1}, BOOKS},
    {"push-release", "the owner lets go of a full pool while two threads push", owned_three,
     .threads = {release_it, push_0, push_1}, BOOKS},
    {"push-release-adopt", "the same, and the pushers adopt", owned_three,
     .threads = {release_it, adopt_0, adopt_1}, BOOKS},
    {"push-release-last", "owner and pusher bring the last two blocks", owned_pair,
     .threads = {list_and_release, push_0, acquire_three}, BOOKS},
    {"push-take-release", "the owner takes and lets go while batches come in", owned_wide,
     .threads = {take_and_release, push_0_and_1, push_2_and_3}, BOOKS},
    {"adopt-adopt", "three threads free into a FULL pool and would adopt it", full_three,
     .threads = {adopt_0, adopt_1, adopt_2}, BOOKS},
    {"adopt-push", "one adopts, others push and claim", full_three,
     .threads = {adopt_0, push_1, claim_three}, BOOKS},
    {"full-push", "three threads that adopt nothing empty a FULL pool", full_three,
     .threads = {push_0, push_1, push_2}, BOOKS},
    {"full-whole-batch", "a batch that is the whole pool; two acquire", full_pair,
     .threads = {push_0_and_1, acquire_pair, acquire_three}, BOOKS},
    {"claim-claim-push", "two claim while a third pushes", partial_two_of_three,
     .threads = {claim_three, claim_three, push_0}, BOOKS},
    {"claim-push-last", "a claim beside the last blocks' frees", partial_three,
     .threads = {claim_three, push_0, push_1}, BOOKS},
    {"claim-release", "a claim beside an owner who lets go", owned_three,
     .threads = {release_it, claim_three, push_0_then_1}, BOOKS},
    {"claim-reborn", "a claim whose pool is emptied and reborn for another class",
     partial_two_of_three, .threads = {claim_three, push_and_acquire_pair, claim_pair}, BOOKS},
    {"claim-acquire", "claims beside acquisitions of the same class", partial_pair,
     .threads = {claim_pair, acquire_pair, push_0}, BOOKS},
    {"empty-acquire", "two acquire what the owner empties", whole_pair,
     .threads = {empty_it, acquire_pair, acquire_three}, BOOKS},
    {"empty-claim", "a claim beside an owner who empties", whole_pair,
     .threads = {empty_it, claim_pair, acquire_pair}, BOOKS},
    {"wide-push", "a pool of four slots is emptied by two batches", full_wide,
     .threads = {push_0_and_1, push_2_and_3, claim_wide}, BOOKS},
    {"wide-acquire", "a pool of four slots is acquired while one is emptied", whole_wide,
     .threads = {empty_it, acquire_wide}, BOOKS},
    {"wide-split", "a pool of one slot is acquired while one of four is emptied", whole_wide,
     .threads = {empty_it, acquire_pair}, BOOKS},
    {"wide-acquire-split", "both", whole_wide, .threads = {empty_it, acquire_wide, acquire_pair},
     BOOKS, .is_long = true},
    {.name = NULL},
};
