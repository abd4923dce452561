/* Arenas: slots taken and given back, buckets and holes, wholly free arenas. */
#include "scenarios.h"
#include "slots.h"

static struct arena *arena;

/* Slot 0 and the last 62 are held: slot 1 is free. */
static void one_free(void)
{
    keep_everything();
    arena = make_arena(63);
}

static void three_free(void)
{
    keep_everything();
    arena = make_arena(61);
}

/* All slots but 0 and 63 are free. */
static void two_held(void)
{
    keep_everything();
    arena = make_arena(2);
}

/* Slots 1 to 4 are free, of which 2 and 3 are an aligned hole. */
static void four_free(void)
{
    keep_everything();
    arena = make_arena(60);
}

static void none_free(void)
{
    keep_everything();
    arena = make_arena(63);
    hold_slot(arena, 1);
}

static void acquire_and_release(void)
{
    struct slots got;
    if (acquire_slots(1, &got))
        release_slots(got.arena, got.first, got.count);
}

static void acquire_one(void)
{
    struct slots got;
    (void)acquire_slots(1, &got);
}

static void acquire_two(void)
{
    struct slots got;
    (void)acquire_slots(2, &got);
}

static void acquire_at_2(void)
{
    model_doing("acquire slot 2");
    if (ep__arena_acquire_at(arena, 2, 1))
        world_got_slots(arena, 2, 1);
}

static void create_one(void)
{
    struct slots got;
    if (!create_slots(1, &got))
        model_fail("no arena");
}

static void release_0(void)
{
    release_slots(arena, 0, 1);
}

static void release_last(void)
{
    release_slots(arena, EP__ARENA_SLOTS - 1, 1);
}

const struct scenario scenarios_arena[] = {
    {"slots-last", "two want the last free slot, and give it back", one_free,
     .threads = {acquire_and_release, acquire_one}, BOOKS},
    {"slots-give-take", "a slot comes back to a full arena while one wants it", none_free,
     .threads = {release_0, acquire_one}, BOOKS},
    {"slots-give-give", "two come back to a full arena while one is wanted", none_free,
     .threads = {release_0, release_last, acquire_one}, BOOKS, .is_long = true},
    {"bucket-two", "a take and a give near the empty end of the buckets", three_free,
     .threads = {release_0, acquire_one}, BOOKS},
    {"bucket-three", "two takes and a give", three_free,
     .threads = {release_0, acquire_one, acquire_one}, BOOKS, .is_long = true},
    {"all-free", "two give the last held slots back", two_held,
     .threads = {release_0, release_last}, BOOKS},
    {"all-free-take", "the same while one is taken", two_held,
     .threads = {release_0, release_last, acquire_one}, BOOKS, .is_long = true},
    {"hole-take", "two slots in a row are wanted, and one of them", four_free,
     .threads = {acquire_two, acquire_one}, BOOKS},
    {"hole-at", "a run grows into a slot while two are wanted", four_free,
     .threads = {acquire_at_2, acquire_two}, BOOKS},
    {"hole-at-release", "and one comes back", four_free,
     .threads = {acquire_at_2, acquire_two, release_0}, BOOKS, .is_long = true},
    {"create-create", "two make an arena", none_free, .threads = {create_one, create_one}, BOOKS},
    {"create-sweep", "one makes an arena while another looks for slots", none_free,
     .threads = {create_one, acquire_one}, BOOKS},
    {.name = NULL},
};
