/* Huge blocks: the registry, the cache of freed mappings, moves, address space on its way back. */
#include "arena/huge.h"
#include "arena/huge_cache.h"
#include "rest.h"
#include "scenarios.h"
#include "slots.h"
#include "vm_area.h"
#include "vm_model.h"

#define UNIT AREA_UNIT_BYTES

static struct epoch_record records[2];
static struct block *x;
static struct block *y;
static bool has_freed[2];
static _Atomic(struct block *) handed_over;

/* A mark in each unit, beside the first, which the books have. */
static void mark(struct block *block, size_t units)
{
    for (size_t i = 1; i < units; i++)
        *(uintptr_t *)(void *)((char *)block + i * UNIT) = (uintptr_t)block + i;
}

static void check_marks(const struct block *block, size_t units, uintptr_t marked_as)
{
    for (size_t i = 1; i < units; i++)
        model_assert(*(const uintptr_t *)(const void *)((const char *)block + i * UNIT) ==
                     marked_as + i);
}

static struct block *get(size_t units)
{
    bool is_zero;
    model_doing("allocate");
    struct block *block = ep__huge_alloc(units * UNIT, 1, &is_zero);
    if (block == NULL)
        model_fail("no memory");
    model_assert(!is_zero || block->next == NULL);
    model_assert(ep__huge_bytes(block) >= units * UNIT);
    world_got(block);
    mark(block, units);
    return block;
}

static void give(struct block *block, size_t units, struct epoch_record *record)
{
    model_doing("free");
    check_marks(block, units, (uintptr_t)block);
    world_giving(block);
    if (!ep__huge_free(block, record))
        model_fail("a block that the thread has is not in the registry");
    world_gave(block);
}

/* The program has a block, then the registry's leaf lies there, and then X and Y side by side. */
static void side_by_side(void)
{
    area_make();
    keep_everything();
    (void)get(1);
    x = get(1);
    y = get(1);
    name_object(x, UNIT, SHAPE_BLOCK, "X");
    name_object(y, UNIT, SHAPE_BLOCK, "Y");
    for (unsigned i = 0; i < 2; i++)
        ep__epoch_adopt_record(&records[i], 1);
}

/* X, whose pages are to go back when it is freed. */
static void not_cached(void)
{
    side_by_side();
    (void)ep__option_set(EP__OPTION_HUGE_CACHE, 0);
}

/* X is cached, Y is with the program. */
static void one_cached(void)
{
    side_by_side();
    give(x, 1, NULL);
}

/* Four units are cached. */
static void four_cached(void)
{
    side_by_side();
    give(get(4), 4, NULL);
}

/* Where X was, two units long, nothing is mapped; the registry's place still has its size. */
static void two_gone(void)
{
    not_cached();
    give(x, 1, &records[0]);
    give(y, 1, &records[0]);
    for (unsigned i = 0; i < 8; i++)
        ep__epoch_poll(&records[0]);
    x = get(2);
    give(x, 2, &records[0]);
    for (unsigned i = 0; i < 8; i++)
        ep__epoch_poll(&records[0]);
}

/* No leaf. */
static void nothing_yet(void)
{
    area_make();
    keep_everything();
}

static void get_one(void)
{
    (void)get(1);
}

static void get_two(void)
{
    (void)get(2);
}

static void get_and_give_one(void)
{
    give(get(1), 1, NULL);
}

static void give_x(void)
{
    give(x, 1, NULL);
}

static void give_y(void)
{
    give(y, 1, NULL);
}

static void give_x_and_poll(void)
{
    give(x, 1, &records[0]);
    model_doing("poll");
    for (unsigned i = 0; i < 2; i++)
        ep__epoch_poll(&records[0]);
}

/* Misuse: the books do not know of it. */
static void free_x_as(unsigned thread)
{
    model_doing("free X");
    has_freed[thread] = ep__huge_free(x, NULL);
}

static void free_x_first(void)
{
    free_x_as(0);
}

static void free_x_second(void)
{
    free_x_as(1);
}

static void trim(void)
{
    model_doing("trim");
    (void)ep__huge_trim(0);
}

static void poll(void)
{
    model_doing("poll");
    for (unsigned i = 0; i < 3; i++)
        ep__epoch_poll(&records[1]);
}

/* In a section: a block that is there when one asks can be looked at until the section ends. */
static void walk(void)
{
    model_doing("walk");
    ep__epoch_enter(&records[1]);
    if (ep__huge_bytes(x) != 0) {
        model_look((char *)x + UNIT / 2);
        (void)ep__huge_bytes(x);
        model_look((char *)x + UNIT / 2);
    }
    ep__epoch_exit(&records[1]);
}

/* Any thread may ask about any address: it is told nothing, or the size of a block that was there since. */
static void ask_about_x(void)
{
    model_doing("ask");
    size_t bytes = ep__huge_bytes(x);
    model_assert(bytes == 0 || bytes == UNIT);
}

static struct block *resize_x(void)
{
    model_doing("resize X to two");
    world_giving(x);
    struct block *moved = ep__huge_resize(x, 2 * UNIT);
    if (moved == NULL)
        model_fail("no memory");
    world_moved(x, moved);
    mark(moved, 2);
    model_assert(ep__huge_bytes(moved) == 2 * UNIT);
    return moved;
}

static void grow_x(void)
{
    (void)resize_x();
}

static void grow_x_and_hand_over(void)
{
    ep__store_release(&handed_over, resize_x());
}

static void ask_and_give_what_is_handed_over(void)
{
    struct block *block = ep__load_acquire(&handed_over);
    if (block == NULL)
        return;
    model_assert(ep__huge_bytes(block) == 2 * UNIT);
    give(block, 2, NULL);
}

/* The units of a mapping; no two mappings share one. */
static void add_units(uint32_t *units, const void *start, size_t bytes)
{
    uint32_t more = 0;
    for (unsigned i = 0; i < AREA_UNITS; i++)
        if ((size_t)(area_unit(i) - (const char *)start) < bytes)
            more |= UINT32_C(1) << i;
    if ((*units & more) != 0)
        model_fail("two mappings share address space");
    *units |= more;
}

/* Blocks of the registry, which are those of the program. */
static uint32_t check_registry(void)
{
    uint32_t units = 0;
    size_t bytes = 0;
    size_t blocks = 0;
    for (unsigned i = 0; i < AREA_UNITS; i++) {
        size_t here = ep__huge_bytes(area_unit(i));
        bytes += here;
        blocks += here != 0;
        add_units(&units, area_unit(i), here);
    }
    if (blocks != rest_live_blocks())
        model_fail("%zu blocks in the registry, the program has %u", blocks, rest_live_blocks());
    model_assert(blocks == ep__huge_in_use_blocks() && bytes == ep__huge_in_use_bytes());
    return units;
}

/* What is mapped is with the program, cached, or the registry's leaf. */
static void at_rest(void)
{
    for (unsigned i = 0; i < 12; i++)
        ep__epoch_poll(&records[i % 2]);
    uint32_t units = check_registry();
    size_t cached = ep__huge_cached_bytes();
    struct mapping got;
    while (ep__huge_cache_take_biggest(&got)) {
        add_units(&units, got.start, got.bytes);
        cached -= got.bytes;
    }
    model_assert(cached == 0);
    if ((units & ~area_mapped()) != 0)
        model_fail("a mapping that is in use is not mapped");
    if (ep__bits_count(area_mapped() & ~units) != 1)
        model_fail("%u units are mapped beside those in use and cached, not the leaf's alone",
                   ep__bits_count(area_mapped() & ~units));
}

static void at_rest_freed_once(void)
{
    model_assert(has_freed[0] != has_freed[1]);
}

#define HUGE_BOOKS .begin = world_begin, .state = world_state, .at_rest = at_rest

const struct scenario scenarios_huge[] = {
    {"huge-free-free", "of two frees of one block one finds it", side_by_side,
     .threads = {free_x_first, free_x_second}, .begin = world_begin, .state = world_state,
     .at_rest = at_rest_freed_once},
    {"huge-give-take", "a mapping comes into the cache while one is wanted, and given back",
     side_by_side, .threads = {give_x, get_and_give_one}, HUGE_BOOKS},
    {"huge-take-take", "two want the one mapping that is cached", one_cached,
     .threads = {get_one, get_one}, HUGE_BOOKS},
    {"huge-join-take", "two neighbours are freed while one as long as both is wanted", side_by_side,
     .threads = {give_x, give_y, get_two}, HUGE_BOOKS},
    {"huge-split", "two cut a cached mapping up", four_cached, .threads = {get_one, get_two},
     HUGE_BOOKS},
    {"huge-trim", "the cache is given back while a mapping of it is wanted, and one polls",
     one_cached, .threads = {trim, get_one, poll}, HUGE_BOOKS},
    {"huge-walk", "a walker looks at a block whose address space goes back", not_cached,
     .threads = {give_x_and_poll, walk}, HUGE_BOOKS},
    {"huge-reuse", "address space goes back while another block is wanted, and asked for",
     not_cached, .threads = {give_x_and_poll, get_one, ask_about_x}, HUGE_BOOKS},
    {"huge-ask", "a block is made, and asked for, where a longer one was", two_gone,
     .threads = {get_one, ask_about_x}, HUGE_BOOKS},
    {"huge-move", "a block moves while its old range is wanted and asked for", side_by_side,
     .threads = {grow_x, get_one, ask_about_x}, HUGE_BOOKS},
    {"huge-move-free", "a block moves while its neighbour is freed and the room is wanted",
     side_by_side, .threads = {grow_x, give_y, get_one}, HUGE_BOOKS},
    {"huge-move-hand", "a block moves, is handed over, asked for and freed by another",
     side_by_side, .threads = {grow_x_and_hand_over, ask_and_give_what_is_handed_over, get_one},
     HUGE_BOOKS},
    {"huge-leaf", "two make the registry's leaf", nothing_yet, .threads = {get_one, get_one},
     HUGE_BOOKS},
    {.name = NULL},
};
