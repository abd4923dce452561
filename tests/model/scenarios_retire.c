/* Retirement: against acquisition, a second retirement, taking again, purge, sweeps and walkers. */
#include "arena/usable_arenas.h"
#include "scenarios.h"
#include "slots.h"
#include "vm_model.h"

static struct arena *x;
static struct arena *y;
static struct epoch_record records[3];

/* X is wholly free and has a page, Y has one slot held: its release makes one too many. */
static void one_too_many(void)
{
    keep_nothing();
    y = make_arena(1);
    struct slots got;
    if (!ep__arena_create(1, 1, &got))
        model_break("no arena");
    x = got.arena;
    world_name_arena(x, "X");
    ep__arena_release(x, got.first, 1);
    for (unsigned i = 0; i < 3; i++)
        ep__epoch_adopt_record(&records[i], 1);
}

/* Y alone, with one slot held: its release makes it wholly free. */
static void one_held(void)
{
    keep_nothing();
    y = make_arena(1);
}

/* X alone, wholly free. */
static void one_free(void)
{
    keep_nothing();
    x = make_arena(0);
    for (unsigned i = 0; i < 3; i++)
        ep__epoch_adopt_record(&records[i], 1);
}

/* X retired, its commit charge still there. */
static void one_retired(void)
{
    one_free();
    (void)ep__retire_purge_all(NULL);
}

static void release_y(void)
{
    release_slots(y, 0, 1);
}

static void acquire_one(void)
{
    struct slots got;
    (void)acquire_slots(1, &got);
}

static void acquire_and_release(void)
{
    struct slots got;
    if (acquire_slots(1, &got))
        release_slots(got.arena, got.first, got.count);
}

/* What no search finds is got by the sweep, or not at all. */
static void acquire_by_sweep(void)
{
    struct slots got;
    if (ep__usable_arenas_fullest(1) == NULL && acquire_slots(1, &got))
        model_see();
}

static const char *has_swept(bool is_delayed)
{
    (void)is_delayed;
    return model_has_seen() ? NULL : "no sweep has found a slot";
}

static void create_one(void)
{
    struct slots got;
    if (!create_slots(1, &got))
        model_fail("no arena");
}

static void purge(void)
{
    model_doing("purge all");
    (void)ep__retire_purge_all(NULL);
}

static void release_y_and_purge(void)
{
    release_y();
    purge();
}

static void purge_and_poll(void)
{
    model_doing("purge all, with a record");
    (void)ep__retire_purge_all(&records[0]);
    ep__epoch_poll(&records[0]);
}

static void purge_by_another(void)
{
    model_doing("purge all, with another record");
    (void)ep__retire_purge_all(&records[2]);
}

/* In a section: what is in use when one looks can be read until the section ends. */
static void walk(void)
{
    model_doing("walk");
    ep__epoch_enter(&records[1]);
    if (ep__load_acquire(&x->in_use) != 0) {
        model_look(ep__arena_base(x));
        (void)ep__load_acquire(&x->free_slots);
        model_look(ep__arena_base(x));
    }
    ep__epoch_exit(&records[1]);
}

/* After a few polls by the thread that is left no call waits, and the books are right. */
static void rest_after_polls(void)
{
    for (unsigned i = 0; i < 12; i++)
        ep__epoch_poll(&records[i % 3]);
    for (unsigned i = 0; i < 3; i++)
        model_assert(records[i].record.n_pending == 0);
    model_assert(ep__load_relaxed(&x->is_filed) == 0);
    model_assert((x->is_committed == 0) == (vm_gone_ranges() != 0));
    world_at_rest();
}

#define WALKED                                                                                     \
    .begin = world_begin, .state = world_state, .always = world_always, .at_rest = rest_after_polls

const struct scenario scenarios_retire[] = {
    {"retire-acquire", "a free makes one arena too many while one slot is wanted", one_too_many,
     .threads = {release_y, acquire_one}, BOOKS},
    {"retire-sweep", "a slot that no hint leads to is swept for while its arena is retired",
     one_held, .threads = {release_y_and_purge, acquire_by_sweep}, BOOKS, .verdict = has_swept},
    {"purge-acquire", "all that is free is retired while a slot is taken and given back", one_free,
     .threads = {purge, acquire_and_release}, BOOKS},
    {"purge-purge", "two retire the same arena", one_free, .threads = {purge, purge}, BOOKS},
    {"purge-create", "a range is retired while one makes an arena", one_free,
     .threads = {purge, create_one}, BOOKS},
    {"again-again", "two take a retired range again", one_retired,
     .threads = {create_one, create_one}, BOOKS},
    {"again-acquire", "a range is taken again while another looks for slots", one_retired,
     .threads = {create_one, acquire_one}, BOOKS},
    {"again-release", "a range is taken again while its commit charge is given back", one_retired,
     .threads = {create_one, purge_and_poll}, WALKED},
    {"release-release", "two give the same commit charge back", one_retired,
     .threads = {purge_and_poll, purge_by_another}, WALKED, .is_long = true},
    {"walk", "a walker looks at an arena that is retired and given back", one_free,
     .threads = {purge_and_poll, walk}, WALKED},
    {"walk-again", "and is taken again", one_retired, .threads = {purge_and_poll, walk, create_one},
     WALKED, .is_long = true},
    {.name = NULL},
};
