/* Arenas: taking slots and giving them back.  The argument stands in arena.h. */
#include "arena/arena.h"

#include "arena/arena_events.h"
#include "arena/retire.h"
#include "arena/usable_arenas.h"
#include "sys/clock.h"
#include "sys/report.h"

struct arena_counters ep__arenas;

enum { CANDIDATES_MAX = 16 };

/* Slots i such that i is a multiple of 2^log2, for log2 of 0 to 6. */
static const uint64_t multiples[7] = {
    ~UINT64_C(0),
    UINT64_C(0x5555555555555555),
    UINT64_C(0x1111111111111111),
    UINT64_C(0x0101010101010101),
    UINT64_C(0x0001000100010001),
    UINT64_C(0x0000000100000001),
    UINT64_C(1),
};

/* What is looked for: `count` slots starting at a multiple of 2^align_log2. */
struct wish {
    unsigned count;
    unsigned align_log2;
};

uint32_t ep__arena_ids_begun(struct window *window)
{
    /* order: relaxed -- an arena that is missed here has just been begun; its word orders its fields */
    uint32_t begun = ep__load_relaxed(&window->arenas_begun);
    return begun < window->arena_count ? begun : window->arena_count;
}

void ep__arena_mark_touched(struct arena *arena, unsigned first, size_t end)
{
    unsigned count = (unsigned)((end + EP__SLOT_BYTES - 1) >> EP__SLOT_LOG2);
    uint64_t held = ep__bits_range(first, count);
    /* order: relaxed -- bits of slots held are changed by the holder only; SLT orders holders */
    if ((ep__load_relaxed(&arena->dirty_slots) & held) != held) {
        uint64_t since = ep__arena_events_since(arena);
        /* order: relaxed -- see above; other bits belong to others, hence the read-modify-write */
        uint64_t before = ep__fetch_or_relaxed(&arena->dirty_slots, held);
        ep__arena_events_tell(arena, EP__EVENT_SLOTS_TOUCHED, since,
                              (struct change){before, before | held});
    }
}

/* Bookkeeping of a successful take; `before` is the word it changed. */
static void note_taken(struct arena *arena, uint64_t since, uint64_t before, uint64_t taken)
{
    ep__arena_events_tell(arena, EP__EVENT_SLOTS_TAKEN, since,
                          (struct change){before, before & ~taken});
    if (before == ~UINT64_C(0)) {
        /* order: relaxed -- a counter for a policy; each transition from and to ~0 is counted once */
        ep__fetch_sub_relaxed(&ep__arenas.all_free, 1);
    }
    /* order: relaxed -- own slots' bits, see ep__arena_mark_touched */
    int64_t dirty = ep__bits_count(ep__load_relaxed(&arena->dirty_slots) & taken);
    /* order: relaxed -- a counter for a policy */
    ep__fetch_sub_relaxed(&ep__arenas.dirty_free_slots, dirty);
    /* order: relaxed -- a counter for a policy */
    ep__fetch_add_relaxed(&ep__arenas.used_slots, (int64_t)ep__bits_count(taken));
}

static void fill_slots(struct slots *got, struct arena *arena, unsigned first, unsigned count)
{
    got->arena = arena;
    got->first = first;
    got->count = count;
    /* order: relaxed -- own slots' bits, see ep__arena_mark_touched */
    uint64_t dirty = ep__load_relaxed(&arena->dirty_slots);
    got->is_zero = (dirty & ep__bits_range(first, count)) == 0;
}

uint64_t ep__arena_take_free(struct arena *arena, uint64_t wanted)
{
    uint64_t since = ep__arena_events_since(arena);
    /* order: seq_cst SLT -- acquires the descriptors of the slots given back by ep__arena_give_free; in the
     * BKT pair with the bucket read in ep__usable_arenas_update */
    uint64_t before = ep__fetch_and_seq_cst(&arena->free_slots, ~wanted);
    uint64_t taken = before & wanted;
    if (taken != 0)
        note_taken(arena, since, before, taken);
    return taken;
}

void ep__arena_give_free(struct arena *arena, uint64_t slots)
{
    /* order: relaxed -- own slots' bits, see ep__arena_mark_touched */
    int64_t dirty = ep__bits_count(ep__load_relaxed(&arena->dirty_slots) & slots);
    /* order: relaxed -- a counter for a policy; before the bits, so that it never counts too little */
    ep__fetch_add_relaxed(&ep__arenas.dirty_free_slots, dirty);
    /* order: relaxed -- a counter for a policy */
    ep__fetch_sub_relaxed(&ep__arenas.used_slots, (int64_t)ep__bits_count(slots));
    uint64_t since = ep__arena_events_since(arena);
    /* order: seq_cst SLT -- releases the slots' descriptors to ep__arena_take_free and take_adjacent; in the BKT
     * pair with the bucket read in ep__usable_arenas_update */
    uint64_t before = ep__fetch_or_seq_cst(&arena->free_slots, slots);
    ep__arena_events_tell(arena, EP__EVENT_SLOTS_GIVEN, since,
                          (struct change){before, before | slots});
    if (ep__unlikely((before & slots) != 0))
        ep__report_corruption("slots given back twice to the arena at", ep__arena_base(arena));
    bool all_free = (before | slots) == ~UINT64_C(0);
    if (all_free) {
        /* order: relaxed -- see note_taken */
        ep__fetch_add_relaxed(&ep__arenas.all_free, 1);
    }
    ep__usable_arenas_update(arena);
    ep__usable_arenas_note_holes(arena, before, before | slots);
    if (all_free)
        ep__retire_if_surplus(arena);
}

/* Of the slots that a word shows free the lowest that has pages in memory, or else the lowest. */
static uint64_t choose_bit(struct arena *arena, uint64_t word)
{
    /* order: relaxed -- a stale bit costs a page fault or saves one */
    uint64_t dirty = word & ep__load_relaxed(&arena->dirty_slots);
    uint64_t from = dirty != 0 ? dirty : word;
    return from & (~from + 1);
}

/* One slot.  Fails only when the word was seen empty. */
static bool take_one(struct arena *arena, struct slots *got)
{
    /* order: relaxed -- only chooses a bit; the fetch_and decides */
    uint64_t word = ep__load_relaxed(&arena->free_slots);
    while (word != 0) {
        uint64_t bit = choose_bit(arena, word);
        if (ep__arena_take_free(arena, bit) != 0) {
            fill_slots(got, arena, ep__bits_lowest(bit), 1);
            ep__usable_arenas_update(arena);
            return true;
        }
        /* order: relaxed -- the bit was taken by another thread; look again */
        word = ep__load_relaxed(&arena->free_slots);
    }
    return false;
}

/* Clears the bits `wanted`, all of which `word` shows set; on failure `word` is what is there. */
static bool take_adjacent(struct arena *arena, uint64_t *word, uint64_t wanted)
{
    uint64_t since = ep__arena_events_since(arena);
    /* order: seq_cst SLT -- as ep__arena_take_free.  ABA: the set of free slots is all the truth there is */
    if (!ep__cas_strong_seq_cst(&arena->free_slots, word, *word & ~wanted))
        return false;
    note_taken(arena, since, *word, wanted);
    return true;
}

/* Where the wish fits into what a word shows free: where all slots have pages in memory, or the first, because
 * pools are carved from there, or else anywhere. */
static uint64_t choose_places(struct arena *arena, uint64_t word, struct wish wish)
{
    /* order: relaxed -- a stale bit costs page faults or saves some */
    uint64_t dirty = word & ep__load_relaxed(&arena->dirty_slots);
    uint64_t aligned = multiples[wish.align_log2];
    uint64_t places = ep__bits_runs(dirty, wish.count) & aligned;
    if (places != 0)
        return places;
    places = ep__bits_runs(word, wish.count) & aligned;
    return (places & dirty) != 0 ? places & dirty : places;
}

/* Several slots: the highest place where they fit. */
static bool take_many(struct arena *arena, struct wish wish, struct slots *got)
{
    /* order: relaxed -- only chooses a place; the compare-and-swap decides */
    uint64_t word = ep__load_relaxed(&arena->free_slots);
    for (;;) {
        uint64_t places = choose_places(arena, word, wish);
        if (places == 0)
            return false;
        unsigned first = ep__bits_highest(places);
        if (!take_adjacent(arena, &word, ep__bits_range(first, wish.count)))
            continue;
        fill_slots(got, arena, first, wish.count);
        ep__usable_arenas_update(arena);
        return true;
    }
}

static bool take(struct arena *arena, struct wish wish, struct slots *got)
{
    if (wish.count == 1 && wish.align_log2 == 0)
        return take_one(arena, got);
    return take_many(arena, wish, got);
}

/* Free slots of an arena that have pages in memory. */
static uint64_t dirty_free(struct arena *arena)
{
    /* order: relaxed -- only chooses */
    uint64_t word = ep__load_relaxed(&arena->free_slots);
    /* order: relaxed -- only chooses */
    return word & ep__load_relaxed(&arena->dirty_slots);
}

/* Of the first members of the buckets, fullest first, one with a free slot that has pages; else the fullest. */
static struct arena *choose_arena(void)
{
    struct arena *fullest = ep__usable_arenas_fullest(1);
    struct arena *arena = fullest;
    /* order: relaxed -- a policy */
    if (ep__load_relaxed(&ep__arenas.dirty_free_slots) <= 0)
        return fullest;
    for (unsigned tries = 0; tries < CANDIDATES_MAX && arena != NULL; tries++) {
        if (dirty_free(arena) != 0)
            return arena;
        /* order: relaxed -- a stale bucket looks at one arena twice or not at all */
        uint32_t bucket = ep__load_relaxed(&arena->bucket);
        arena = bucket < EP__ARENA_SLOTS ? ep__usable_arenas_fullest(bucket + 1) : NULL;
    }
    return fullest;
}

/* Again and again: a candidate is used up only by a word seen empty. */
static bool take_from_fullest(struct slots *got)
{
    for (unsigned tries = 0; tries < CANDIDATES_MAX; tries++) {
        struct arena *arena = choose_arena();
        if (arena == NULL)
            return false;
        if (take_one(arena, got))
            return true;
        ep__usable_arenas_update(arena);
    }
    return false;
}

/* Whether the wish fits where the first slot has pages in memory. */
static bool fits_dirty(struct arena *arena, struct wish wish)
{
    /* order: relaxed -- only chooses */
    uint64_t word = ep__load_relaxed(&arena->free_slots);
    uint64_t places = ep__bits_runs(word, wish.count) & multiples[wish.align_log2];
    return (places & dirty_free(arena)) != 0;
}

/* Arenas noted as having an aligned hole of 2^hole slots; with pages in memory where `is_dirty`. */
static bool take_from_hole(unsigned hole, struct wish wish, bool is_dirty, struct slots *got)
{
    struct arena *arena = NULL;
    for (unsigned tries = 0; tries < CANDIDATES_MAX; tries++) {
        arena = ep__usable_arenas_with_hole(hole, arena);
        if (arena == NULL)
            return false;
        if (is_dirty && !fits_dirty(arena, wish))
            continue;
        if (take_many(arena, wish, got))
            return true;
        ep__usable_arenas_correct_hole(arena, hole);
    }
    return false;
}

static bool take_from_holes(struct wish wish, struct slots *got)
{
    unsigned log2 = ep__log2_ceil(wish.count);
    unsigned hole = log2 > wish.align_log2 ? log2 : wish.align_log2;
    hole = hole > 4 ? 4 : hole;
    /* order: relaxed -- a policy */
    bool has_dirty = ep__load_relaxed(&ep__arenas.dirty_free_slots) > 0;
    if (has_dirty && hole >= 1 && take_from_hole(hole, wish, true, got))
        return true;
    if (hole >= 1 && take_from_hole(hole, wish, false, got))
        return true;
    return hole >= 2 && take_from_hole(hole - 1, wish, false, got);
}

/* Every arena's word: finds what hints have lost. */
static bool sweep(struct wish wish, struct slots *got)
{
    for (unsigned i = 0; i < EP__WINDOWS_MAX; i++) {
        struct window *window = ep__window_at(i);
        if (window == NULL)
            return false;
        if (ep__window_is_closed(window))
            continue;
        uint32_t begun = ep__arena_ids_begun(window);
        for (uint32_t id = 0; id < begun; id++)
            if (take(ep__arena_at(window, id), wish, got))
                return true;
    }
    return false;
}

static void note_created(void)
{
    /* order: relaxed -- statistics */
    uint64_t created = ep__fetch_add_relaxed(&ep__arenas.created, 1) + 1;
    /* order: relaxed -- statistics; a stale value makes the mark at most too low by arenas in flight */
    uint64_t now = created - ep__load_relaxed(&ep__arenas.retired);
    /* order: relaxed -- statistics */
    uint64_t mark = ep__load_relaxed(&ep__arenas.highwater);
    /* order: relaxed -- statistics; a lost swap re-reads the mark */
    while (now > mark && !ep__cas_weak_relaxed(&ep__arenas.highwater, &mark, now)) {
    }
}

/* Makes a range an arena whose first holder is the caller. */
static bool create(struct wish wish, struct slots *got)
{
    struct arena *arena = ep__retire_take_again_or_begin();
    if (arena == NULL)
        return false;
    unsigned first = wish.count == 1 ? 0 : EP__ARENA_SLOTS - wish.count;
    first = (unsigned)ep__round_down(first, (size_t)1 << wish.align_log2);
    fill_slots(got, arena, first, wish.count);
    /* order: relaxed -- a counter for a policy */
    ep__fetch_add_relaxed(&ep__arenas.used_slots, (int64_t)wish.count);
    note_created();
    uint64_t word = ~ep__bits_range(first, wish.count);
    /* order: relaxed -- the range is the caller's alone; pages that a purge could not give back are still there */
    int64_t dirty = ep__bits_count(ep__load_relaxed(&arena->dirty_slots) & word);
    /* order: relaxed -- a counter for a policy */
    ep__fetch_add_relaxed(&ep__arenas.dirty_free_slots, dirty);
    /* order: relaxed -- statistics; who sees the arena in use sees it by RET */
    ep__store_relaxed(&arena->created_ms, ep__clock_ms());
    /* order: release RET -- pairs with walkers that ask whether the arena is in use; carries its fields */
    ep__store_release(&arena->in_use, 1);
    uint64_t since = ep__arena_events_since(arena);
    /* order: seq_cst SLT -- the last step: from here on others may take slots, and see the arena's fields */
    ep__store_seq_cst(&arena->free_slots, word);
    ep__arena_events_tell(arena, EP__EVENT_ARENA_CREATED, since, (struct change){0, word});
    ep__usable_arenas_update(arena);
    ep__usable_arenas_note_holes(arena, 0, word);
    return true;
}

bool ep__arena_acquire(unsigned count, unsigned align, struct slots *got)
{
    struct wish wish = {count, ep__log2_ceil(align)};
    bool is_single = count == 1 && align == 1;
    if (is_single ? take_from_fullest(got) : take_from_holes(wish, got))
        return true;
    return sweep(wish, got);
}

bool ep__arena_create(unsigned count, unsigned align, struct slots *got)
{
    struct wish wish = {count, ep__log2_ceil(align)};
    return create(wish, got);
}

bool ep__arena_acquire_at(struct arena *arena, unsigned first, unsigned count)
{
    uint64_t wanted = ep__bits_range(first, count);
    /* order: relaxed -- only a guess; the compare-and-swap decides */
    uint64_t word = ep__load_relaxed(&arena->free_slots);
    while ((word & wanted) == wanted) {
        if (!take_adjacent(arena, &word, wanted))
            continue;
        ep__arena_mark_touched(arena, first, (size_t)count << EP__SLOT_LOG2);
        ep__usable_arenas_update(arena);
        return true;
    }
    return false;
}

void ep__arena_release(struct arena *arena, unsigned first, unsigned count)
{
    ep__arena_give_free(arena, ep__bits_range(first, count));
}
