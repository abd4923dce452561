/* Tracked pools and records: threads that share a pool for single blocks; a record that is ended, read and used again. */
#include "cache/detached.h"
#include "cache/record.h"
#include "scenarios.h"
#include "slots.h"

enum { KIND = EP__KIND_TRACKED + CLASS_PAIR };

static struct block *blocks[4];
static struct pool *pool;
static struct tracked_record record;
static _Atomic(uint32_t) wins;

static struct block *get_tracked(void)
{
    struct block *block = ep__detached_alloc(KIND);
    if (block != NULL)
        world_got(block);
    return block;
}

static void give_tracked(struct block *block)
{
    struct pool *from = ep__pool_at(world_window(), ep__window_slot(world_window(), block));
    world_giving(block);
    ep__detached_free(from, block);
    world_gave(block);
}

/* A tracked pool of which the program has one block of two. */
static void one_of_two(void)
{
    keep_everything();
    (void)make_arena(40);
    blocks[0] = get_tracked();
    if (blocks[0] == NULL)
        model_break("no block");
    pool = ep__pool_at(world_window(), ep__window_slot(world_window(), blocks[0]));
    world_name_pool(pool, "A");
}

static void get_another(void)
{
    model_doing("get a tracked block");
    struct block *block = get_tracked();
    model_assert(block != NULL);
    struct pool *from = ep__pool_at(world_window(), ep__window_slot(world_window(), block));
    model_assert(from->kind == KIND);
    /* order: relaxed -- nobody maps a tracked pool */
    model_assert(ep__load_relaxed(ep__pool_owner(from)) == EP__OWNER_NOBODY);
}

static void free_first(void)
{
    model_doing("free the first tracked block");
    give_tracked(blocks[0]);
}

static void claim_ordinary(void)
{
    model_doing("look for an ordinary pool");
    claim(CLASS_PAIR, false);
}

/* An ordinary PARTIAL pool whose last block the program has. */
static void about_to_be_free(void)
{
    keep_everything();
    (void)make_arena(61);
    pool = make_pool(CLASS_PAIR, "A", blocks);
    list_block(pool, blocks[1]);
    ep__pool_release(pool, pool->listed);
}

static void free_and_be_reborn(void)
{
    push(pool, blocks, 1, false);
    get_another();
}

static struct tracked life(uint64_t number)
{
    return (struct tracked){.address = NULL, .size = number, .serial = number, .weight = number};
}

static void live(void)
{
    struct tracked first = life(1);
    ep__record_begin(&record, &first);
    name_object(&record.word, 8, SHAPE_NUMBER, "record");
    name_object(&wins, 4, SHAPE_NUMBER, "wins");
}

static void end_record(void)
{
    struct tracked copy;
    model_doing("end the record");
    if (ep__record_end(&record, EP__RECORD_NONE, &copy)) {
        /* order: relaxed -- counted only */
        ep__fetch_add_relaxed(&wins, 1);
    }
}

static void one_has_won(void)
{
    /* order: relaxed -- everybody has ended */
    model_assert(ep__load_relaxed(&wins) == 1);
}

static void end_and_begin(void)
{
    struct tracked copy;
    struct tracked second = life(2);
    model_doing("end the record, and begin its next life");
    if (ep__record_end(&record, EP__RECORD_NONE, &copy))
        ep__record_begin(&record, &second);
}

static void read_record(void)
{
    struct tracked copy;
    model_doing("read the record");
    (void)ep__record_read(&record, &copy);
    model_assert(copy.size == copy.serial && copy.serial == copy.weight);
}

/* The books learn of a block when its pool has been released already, so that they are right at rest only. */
#define SHARED .begin = world_begin, .state = world_state, .at_rest = world_at_rest

const struct scenario scenarios_tracked[] = {
    {"tracked-get-free", "two blocks are got and the first is freed", one_of_two,
     .threads = {get_another, free_first}, SHARED},
    {"tracked-get-get", "two threads get blocks, for which there is one pool", one_of_two,
     .threads = {get_another, get_another}, SHARED},
    {"tracked-reborn", "a pool is looked for whose slot becomes a tracked one of the class",
     about_to_be_free, .threads = {free_and_be_reborn, claim_ordinary}, SHARED},
    {"record-end-end", "two frees of one tracked block: one wins", live,
     .threads = {end_record, end_record}, .at_rest = one_has_won},
    {"record-read", "a record is read while its block is freed and got again", live,
     .threads = {end_and_begin, read_record}},
    {.name = NULL},
};
