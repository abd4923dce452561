/* Runs being resized: against who takes the slots above them, and against walkers. */
#include "cache/lookup.h"
#include "pool/run.h"
#include "scenarios.h"
#include "slots.h"

static struct pool *run;

/* A run of two slots; of the arena only the slot above it is free. */
static void run_below_a_free_slot(void)
{
    bool is_zero;
    keep_everything();
    (void)make_arena(61);
    struct block *block = ep__run_alloc(3 * EP__SLOT_BYTES, 1, false, &is_zero);
    if (block == NULL)
        model_break("no run");
    run = ep__lookup(block).pool;
    name_object(run, sizeof *run, SHAPE_POOL, "run");
    world_got(block);
    if (!ep__run_resize(run, 2 * EP__SLOT_BYTES))
        model_break("the run is not shortened");
}

/* The same, and the run has the slot above too: none is free. */
static void run_of_three(void)
{
    run_below_a_free_slot();
    if (!ep__run_resize(run, 3 * EP__SLOT_BYTES))
        model_break("the run does not grow");
}

/* The run is what its owner made it, up to its last byte. */
static void check_run(unsigned slots)
{
    struct found found = ep__lookup(run->base);
    model_assert(found.what == EP__FOUND_RUN && found.pool == run);
    model_assert(ep__run_bytes(run) == slots * EP__SLOT_BYTES);
    for (unsigned i = 1; i < slots; i++) {
        found = ep__lookup(run->base + i * EP__SLOT_BYTES);
        model_assert(found.what == EP__FOUND_MISALIGNED && found.pool == run);
        *(uint64_t *)(void *)(run->base + i * EP__SLOT_BYTES) = slots + i;
    }
}

static void grow(void)
{
    model_doing("grow the run");
    check_run(ep__run_resize(run, 3 * EP__SLOT_BYTES) ? 3 : 2);
}

static void shrink(void)
{
    model_doing("shrink the run");
    model_assert(ep__run_resize(run, 2 * EP__SLOT_BYTES));
    check_run(2);
}

static void shrink_and_grow(void)
{
    shrink();
    grow();
}

static void free_run(void)
{
    model_doing("free the run");
    struct block *block = (struct block *)(void *)run->base;
    world_giving(block);
    ep__run_free(run);
    world_gave(block);
}

static void shrink_and_free(void)
{
    shrink();
    free_run();
}

/* A block of a pool in whichever slot is free: nobody says that it is something else. */
static void take_slot_as_a_pool(void)
{
    struct pool *pool = acquire(CLASS_PAIR, true);
    if (pool == NULL)
        return;
    struct found found = ep__lookup(pool->base);
    model_assert(found.what == EP__FOUND_BLOCK && found.pool == pool && found.class == CLASS_PAIR);
}

static void take_slot_as_a_run(void)
{
    struct slots got;
    model_doing("acquire a slot");
    if (ep__arena_acquire(1, 1, &got))
        ep__arena_release(got.arena, got.first, got.count);
}

const struct scenario scenarios_run[] = {
    {"run-grow-take", "a run grows into a slot that another wants for a pool",
     run_below_a_free_slot, .threads = {grow, take_slot_as_a_pool}, BOOKS},
    {"run-grow-give", "while another takes it and gives it back", run_below_a_free_slot,
     .threads = {grow, take_slot_as_a_run}, BOOKS},
    {"run-shrink-take", "a run gives a slot up that another wants for a pool", run_of_three,
     .threads = {shrink, take_slot_as_a_pool}, BOOKS},
    {"run-shrink-grow", "and wants it again itself", run_of_three,
     .threads = {shrink_and_grow, take_slot_as_a_pool}, BOOKS},
    {"run-shrink-free", "a run is shortened and freed while a slot is wanted", run_of_three,
     .threads = {shrink_and_free, take_slot_as_a_pool}, BOOKS},
    {.name = NULL},
};
