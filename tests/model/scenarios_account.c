/* The account beside arenas that come and go, pools that are reborn, runs that are resized.
 *
 * What it counts while others work is no state that there ever was; but each part is possible by itself, nothing is
 * read before it is written, and it ends.
 */
#include "observe/account.h"
#include "pool/run.h"
#include "rest.h"
#include "scenarios.h"
#include "slots.h"

/* At no moment has the program more than one block, of BLOCK_BYTES; a pool has at most BLOCKS_MAX. */
enum { BLOCK_BYTES = 16384, BLOCKS_MAX = 3 };

static struct pool *pool;
static struct block *blocks[4];

/* The page that tells a fork is there, as it is after a process's first slow path. */
static void take_first_account(void)
{
    struct account account;
    ep__account_take(&account);
}

static void one_free_arena(void)
{
    keep_nothing();
    (void)make_arena(0);
    take_first_account();
}

static void one_retired(void)
{
    one_free_arena();
    (void)ep__retire_purge_all(NULL);
}

static void one_full_arena(void)
{
    keep_everything();
    hold_slot(make_arena(63), 1);
    take_first_account();
}

/* A PARTIAL pool with one block in use. */
static void one_partial(void)
{
    keep_everything();
    (void)make_arena(40);
    pool = make_pool(CLASS_PAIR, "A", blocks);
    list_block(pool, blocks[1]);
    ep__pool_release(pool, pool->listed);
    take_first_account();
}

static void look(void)
{
    struct account taken;
    model_doing("take the account");
    ep__account_take(&taken);
    struct ep_stats account = taken.totals;
    model_assert(account.arenas + account.retired_arenas <= ep__arena_ids_begun(world_window()));
    model_assert(account.blocks_in_use <= BLOCKS_MAX && account.runs_in_use <= 1);
    model_assert(account.in_use_bytes <= account.arena_bytes);
    model_assert(account.available_bytes <= account.arena_bytes);
    model_assert(account.uncertain_bytes <= account.in_use_bytes);
    /* What is certain was so at some moment. */
    model_assert(account.in_use_bytes - account.uncertain_bytes <= BLOCK_BYTES);
    model_assert(account.unused_pools <= account.arenas * EP__ARENA_SLOTS);
}

static void retire(void)
{
    model_doing("retire");
    (void)ep__retire_purge_all(NULL);
}

static void create_one(void)
{
    struct slots got;
    if (!create_slots(1, &got))
        model_fail("no arena");
}

static void push_last(void)
{
    push(pool, &blocks[0], 1, false);
}

/* In the slot that has become free. */
static void push_last_and_acquire_three(void)
{
    push_last();
    (void)acquire(CLASS_THREE, true);
}

static void run_and_free(void)
{
    bool is_zero;
    model_doing("make a run");
    struct block *block = ep__run_alloc(3 * EP__SLOT_BYTES, 1, false, &is_zero);
    if (block == NULL)
        model_fail("no run");
    struct pool *run = ep__pool_at(world_window(), ep__window_slot(world_window(), block));
    model_doing("resize it");
    model_assert(ep__run_resize(run, EP__SLOT_BYTES) && ep__run_resize(run, 2 * EP__SLOT_BYTES));
    model_doing("free it");
    ep__run_free(run);
}

/* And what has come to rest is counted to the byte. */
static void at_rest(void)
{
    struct account taken;
    world_at_rest();
    ep__account_take(&taken);
    struct ep_stats account = taken.totals;
    model_assert(account.blocks_in_use == rest_live_blocks());
    model_assert(account.total_bytes == account.arena_bytes);
}

#define COUNTED                                                                                    \
    .begin = world_begin, .state = world_state, .always = world_always, .at_rest = at_rest

const struct scenario scenarios_account[] = {
    {"account-retire", "an arena is retired", one_free_arena, .threads = {look, retire}, COUNTED},
    {"account-create", "an arena is made", one_full_arena, .threads = {look, create_one}, COUNTED},
    {"account-again", "a retired range is taken again", one_retired, .threads = {look, create_one},
     COUNTED},
    {"account-reborn", "a pool is emptied, and its slot is another class's", one_partial,
     .threads = {look, push_last_and_acquire_three}, COUNTED},
    {"account-run", "a run is made, resized and freed", one_partial,
     .threads = {look, run_and_free}, COUNTED},
    {.name = NULL},
};
