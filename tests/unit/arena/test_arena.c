/* Arenas: lib/arena/arena.c, with a kernel that refuses.
 * Length: above 400 lines, because every way to take slots is here, with what each can meet. */
#include "unit/alone.h"

#include <errno.h>

#include "unit/interrupt.h"

#include "arena/arena.c"
#include "arena/arena_set.c"
#include "arena/retire.c"
#include "arena/usable_arenas.c"
#include "fake/vm_failing.h"
#include "unit/arenas.h"
#include "unit/memory.h"

static void without_arenas_there_is_no_slot(void)
{
    struct slots got;
    assert_false(ep__arena_acquire(1, 1, &got));
    assert_false(ep__arena_acquire(16, 64, &got));
    assert_null(ep__window_at(0));
}

static void who_makes_an_arena_has_its_slots(void)
{
    struct slots got;
    assert_true(ep__arena_create(1, 1, &got));
    assert_int_equal(got.first, 0);
    assert_int_equal(free_word(got.arena), ~UINT64_C(1));
    assert_true(ep__arena_create(4, 1, &got));
    assert_int_equal(got.first, 60);
    assert_int_equal(got.count, 4);
    assert_true(ep__arena_create(3, 16, &got));
    assert_int_equal(got.first, 48);
    assert_true(ep__arena_create(16, 64, &got));
    assert_int_equal(got.first, 0);
    assert_int_equal(check_arenas().in_use, 4);
}

static void a_slot_lies_in_its_arena_and_its_memory_is_zero(void)
{
    struct slots got;
    assert_true(ep__arena_create(2, 1, &got));
    char *start = ep__arena_slot_start(got.arena, got.first);
    assert_int_equal((uintptr_t)ep__arena_base(got.arena) % EP__ARENA_BYTES, 0);
    assert_ptr_equal(start, ep__arena_base(got.arena) + got.first * EP__SLOT_BYTES);
    assert_ptr_equal(ep__window_find(start), got.arena->window);
    assert_true(got.is_zero);
    assert_true(is_all(start, 2 * EP__SLOT_BYTES, 0));
    memset(start, 1, 2 * EP__SLOT_BYTES);
}

static void an_arena_gives_64_slots_out_and_no_more(void)
{
    struct slots got;
    uint64_t seen = 1;
    assert_true(ep__arena_create(1, 1, &got));
    struct arena *arena = got.arena;
    for (unsigned i = 1; i < EP__ARENA_SLOTS; i++) {
        assert_true(ep__arena_acquire(1, 1, &got));
        assert_ptr_equal(got.arena, arena);
        assert_int_equal(got.first, i);
        seen |= UINT64_C(1) << got.first;
        check_arenas();
    }
    assert_int_equal(seen, ~UINT64_C(0));
    assert_false(ep__arena_acquire(1, 1, &got));
    assert_int_equal(check_arenas().used_slots, 64);
}

static void several_slots_come_from_the_top(void)
{
    struct slots got;
    assert_true(ep__arena_create(1, 1, &got));
    assert_true(ep__arena_acquire(4, 1, &got));
    assert_int_equal(got.first, 60);
    assert_true(ep__arena_acquire(3, 1, &got));
    assert_int_equal(got.first, 57);
    assert_true(ep__arena_acquire(2, 4, &got));
    assert_int_equal(got.first, 52);
    assert_true(ep__arena_acquire(1, 1, &got));
    assert_int_equal(got.first, 1);
    check_arenas();
}

/* Every number of slots at every alignment, beside those that were taken before. */
static void slots_start_at_multiples_of_what_is_asked(void)
{
    for (unsigned align = 1; align <= 64; align *= 2)
        for (unsigned count = 1; count <= 16; count++) {
            struct slots got;
            if (!ep__arena_acquire(count, align, &got))
                assert_true(ep__arena_create(count, align, &got));
            assert_int_equal(got.count, count);
            assert_int_equal(got.first % align, 0);
            assert_true(got.first + count <= EP__ARENA_SLOTS);
            check_arenas();
        }
}

/* The only place for `count` slots, wherever it is, next to single free slots. */
static void the_only_place_left_is_found(void)
{
    for (unsigned count = 1; count <= 16; count++)
        for (unsigned first = 0; first + count <= EP__ARENA_SLOTS; first += first % 5 + 1) {
            struct slots got;
            struct arena *arena = make_arena_with(ep__bits_range(first, count));
            assert_true(ep__arena_acquire(count, 1, &got));
            assert_ptr_equal(got.arena, arena);
            assert_int_equal(got.first, first);
            assert_int_equal(free_word(arena), 0);
        }
    check_arenas();
}

static void slots_that_are_not_adjacent_or_not_aligned_do_not_serve(void)
{
    struct slots got;
    struct arena *arena = make_arena_with(UINT64_C(0xaaaaaaaaaaaaaa6a));
    assert_false(ep__arena_acquire(3, 1, &got));
    assert_false(ep__arena_acquire(2, 2, &got));
    assert_true(ep__arena_acquire(2, 1, &got));
    assert_int_equal(got.first, 5);
    assert_false(ep__arena_acquire(2, 1, &got));
    assert_false(ep__arena_acquire(1, 64, &got));
    assert_int_equal(free_word(arena), UINT64_C(0xaaaaaaaaaaaaaa0a));
    check_arenas();
}

static void the_fullest_arena_gives_first(void)
{
    struct slots got;
    struct arena *sparse = make_arena_with(~UINT64_C(0) >> 1);
    struct arena *full = make_arena_with(UINT64_C(0x700));
    struct arena *half = make_arena_with(~UINT64_C(0) << 32);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(ep__arena_acquire(1, 1, &got));
        assert_ptr_equal(got.arena, full);
    }
    assert_true(ep__arena_acquire(1, 1, &got));
    assert_ptr_equal(got.arena, half);
    assert_int_equal(ep__bits_count(free_word(sparse)), 63);
}

static void a_slot_given_back_is_given_out_again(void)
{
    struct slots got;
    struct arena *arena = make_arena_with(UINT64_C(1) << 17);
    assert_true(ep__arena_acquire(1, 1, &got));
    assert_ptr_equal(got.arena, arena);
    assert_int_equal(got.first, 17);
    assert_false(got.is_zero);
}

static void only_slots_without_pages_are_zero(void)
{
    struct slots got;
    keep_everything();
    assert_true(ep__arena_create(1, 1, &got));
    ep__arena_mark_touched(got.arena, 0, 1);
    ep__arena_release(got.arena, 0, 1);
    assert_true(ep__arena_acquire_at(got.arena, 2, 62));
    assert_true(ep__arena_acquire(2, 1, &got));
    assert_int_equal(got.first, 0);
    assert_false(got.is_zero);
    ep__arena_release(got.arena, 0, 2);
    assert_int_equal(check_arenas().dirty_free_slots, 1);
}

static void slots_that_were_only_held_are_still_zero(void)
{
    struct slots got;
    keep_everything();
    assert_true(ep__arena_create(5, 1, &got));
    struct arena *arena = got.arena;
    unsigned first = got.first;
    ep__arena_release(arena, first, 5);
    assert_int_equal(dirty_word(arena), 0);
    assert_int_equal(check_arenas().dirty_free_slots, 0);
    assert_true(ep__arena_acquire(5, 1, &got));
    assert_int_equal(got.first, first);
    assert_true(got.is_zero);
}

/* Of five slots held the first bytes: the slots in which they lie have pages then, and no others. */
static void slots_have_pages_to_where_they_were_touched(void)
{
    static const struct {
        size_t end;
        unsigned slots;
    } cases[] = {
        {1, 1},
        {EP__SLOT_BYTES, 1},
        {EP__SLOT_BYTES + 1, 2},
        {2 * EP__SLOT_BYTES, 2},
        {4 * EP__SLOT_BYTES + 1, 5},
        {5 * EP__SLOT_BYTES, 5},
    };
    struct slots got;
    keep_everything();
    assert_true(ep__arena_create(5, 1, &got));
    struct arena *arena = got.arena;
    unsigned first = got.first;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ep__arena_mark_touched(arena, first, cases[i].end);
        assert_int_equal(dirty_word(arena), ep__bits_range(first, cases[i].slots));
        ep__arena_mark_touched(arena, first, 1);
        assert_int_equal(dirty_word(arena), ep__bits_range(first, cases[i].slots));
        ep__arena_release(arena, first, 5);
        assert_int_equal(check_arenas().dirty_free_slots, cases[i].slots);
        assert_true(ep__arena_acquire(5, 1, &got));
        assert_int_equal(got.first, first);
        assert_false(got.is_zero);
    }
}

/* A new arena whose slots are free, but for those of `held`, and of which those of `dirty` have pages. */
static struct arena *arena_with_pages(uint64_t held, uint64_t dirty)
{
    struct slots got;
    keep_everything();
    assert_true(ep__arena_create(1, 1, &got));
    ep__arena_release(got.arena, 0, 1);
    for (uint64_t rest = dirty; rest != 0; rest &= rest - 1) {
        assert_true(ep__arena_acquire_at(got.arena, ep__bits_lowest(rest), 1));
        ep__arena_release(got.arena, ep__bits_lowest(rest), 1);
    }
    assert_int_equal(ep__arena_take_free(got.arena, held), held);
    ep__usable_arenas_update(got.arena);
    assert_int_equal(dirty_word(got.arena), dirty);
    assert_int_equal(free_word(got.arena), ~held);
    return got.arena;
}

static unsigned first_of(unsigned count, unsigned align)
{
    struct slots got;
    assert_true(ep__arena_acquire(count, align, &got));
    uint64_t dirty = dirty_word(got.arena) & ep__bits_range(got.first, count);
    assert_int_equal(got.is_zero, dirty == 0);
    return got.first;
}

/* Places for three slots: with pages in all, in the first, or wherever they are. */
static void of_places_for_several_slots_those_with_pages_come_first(void)
{
    struct arena *arena = arena_with_pages(1, UINT64_C(0x7) << 10 | UINT64_C(0x13) << 30);
    assert_int_equal(first_of(3, 1), 10);
    /* Slots 30, 31 and 34. */
    assert_int_equal(first_of(3, 1), 34);
    assert_int_equal(first_of(3, 1), 31);
    assert_int_equal(first_of(3, 1), 61);
    /* Slot 30 is alone now. */
    assert_int_equal(first_of(1, 1), 30);
    assert_int_equal(free_word(arena) & dirty_word(arena), 0);
    check_arenas();
}

/* Pages in the first slot of a place that is not aligned, or in others than the first, are no reason. */
static void pages_elsewhere_than_in_the_first_slot_do_not_choose_the_place(void)
{
    struct arena *arena = arena_with_pages(1, UINT64_C(0x20e) << 8);
    assert_int_equal(first_of(4, 4), 60);
    assert_int_equal(first_of(2, 4), 56);
    assert_int_equal(first_of(8, 8), 48);
    assert_int_equal(first_of(2, 2), 10);
    assert_int_equal(free_word(arena) & dirty_word(arena), UINT64_C(0x202) << 8);
    check_arenas();
}

static void an_arena_with_pages_in_the_first_slot_comes_before_others(void)
{
    struct arena *arenas[3];
    struct slots got;
    for (unsigned i = 0; i < 3; i++)
        arenas[i] = arena_with_pages(1, 0);
    for (unsigned i = 0; i < 3; i++) {
        /* One slot with pages is reason enough. */
        assert_true(ep__arena_acquire_at(arenas[i], 50, 1));
        ep__arena_release(arenas[i], 50, 1);
        assert_true(ep__arena_acquire(2, 1, &got));
        assert_ptr_equal(got.arena, arenas[i]);
        assert_int_equal(got.first, 50);
        assert_false(got.is_zero);
        ep__arena_release(got.arena, got.first, got.count);
        assert_int_equal(ep__retire_purge_all(NULL), EP__SLOT_BYTES);
    }
    check_arenas();
}

static void slots_are_taken_at_a_place_whole_or_not_at_all(void)
{
    struct arena *arena = make_arena_with(UINT64_C(0xff));
    assert_false(ep__arena_acquire_at(arena, 6, 3));
    assert_int_equal(free_word(arena), 0xff);
    assert_true(ep__arena_acquire_at(arena, 6, 2));
    assert_int_equal(free_word(arena), 0x3f);
    assert_false(ep__arena_acquire_at(arena, 7, 1));
    assert_true(ep__arena_acquire_at(arena, 0, 6));
    assert_int_equal(free_word(arena), 0);
    check_arenas();
}

static void only_what_is_free_is_taken(void)
{
    struct arena *arena = make_arena_with(UINT64_C(0xf0));
    assert_int_equal(ep__arena_take_free(arena, 0x3c), 0x30);
    assert_int_equal(free_word(arena), 0xc0);
    assert_int_equal(ep__arena_take_free(arena, 0x3f), 0);
    ep__arena_give_free(arena, 0x30);
    assert_int_equal(free_word(arena), 0xf0);
    check_arenas();
}

static void release_again(void *arena)
{
    ep__arena_release(arena, 4, 2);
}

static void slots_given_back_twice_are_corruption(void)
{
    struct arena *arena = make_arena_with(UINT64_C(0x20));
    assert_true(aborts_saying(release_again, arena, "slots given back twice"));
}

/* What a thread leaves that is stopped between clearing a bit above a set and reading again. */
static void a_lost_hint_is_found_by_the_sweep(void)
{
    struct slots got;
    struct arena *arena = make_arena_with(UINT64_C(0x0ff0));
    struct window *window = arena->window;
    for (unsigned set = 0; set < EP__SETS; set++) {
        ep__store_relaxed(&window->set_tops[set], 0);
        ep__store_relaxed(&window->set_summaries[0][set], 0);
    }
    assert_null(ep__usable_arenas_fullest(1));
    assert_true(ep__arena_acquire(1, 1, &got));
    assert_ptr_equal(got.arena, arena);
    assert_int_equal(got.first, 4);
    for (unsigned set = 0; set < EP__SETS; set++)
        ep__store_relaxed(&window->set_tops[set], 0);
    assert_true(ep__arena_acquire(4, 4, &got));
    assert_ptr_equal(got.arena, arena);
    assert_int_equal(got.first, 8);
}

/* What a thread leaves that is stopped after it has given a slot back and before it has moved the arena. */
static void an_arena_in_no_bucket_is_found_by_the_sweep(void)
{
    struct slots got;
    struct arena *arena = make_arena_with(0);
    ep__fetch_or_seq_cst(&arena->free_slots, UINT64_C(1) << 5);
    ep__store_seq_cst(&arena->bucket, 1);
    assert_true(ep__arena_acquire(1, 1, &got));
    assert_ptr_equal(got.arena, arena);
    assert_int_equal(got.first, 5);
}

/* Closed windows are left alone; slots in them can be given back. */
static void a_closed_window_gives_nothing(void)
{
    struct slots got;
    struct arena *arena = make_arena_with(UINT64_C(0xffff));
    ep__windows_close();
    assert_false(ep__arena_acquire(1, 1, &got));
    assert_false(ep__arena_acquire(4, 4, &got));
    ep__arena_release(arena, 20, 1);
    assert_int_equal(free_word(arena), 0x10ffff);
    assert_true(ep__arena_create(1, 1, &got));
    assert_ptr_not_equal(got.arena->window, arena->window);
    assert_true(ep__arena_acquire(1, 1, &got));
    assert_ptr_not_equal(got.arena->window, arena->window);
}

static void a_full_window_is_followed_by_another(void)
{
    struct slots got;
    vm_failing_plan(1, 10);
    struct window *window = ep__window_add(0);
    vm_failing_plan(0, 0);
    for (uint32_t i = 0; i < window->arena_count; i++)
        assert_ptr_equal(make_arena()->window, window);
    assert_true(ep__arena_create(2, 1, &got));
    assert_ptr_equal(got.arena->window, ep__window_at(1));
    assert_true(ep__arena_acquire(1, 1, &got));
    assert_ptr_equal(got.arena->window, ep__window_at(1));
    assert_int_equal(check_arenas().in_use, window->arena_count + 1);
}

static void without_memory_no_arena_is_made_and_nothing_has_changed(void)
{
    struct slots got;
    vm_failing_plan(1, UINT64_MAX);
    errno = EDOM;
    assert_false(ep__arena_create(1, 1, &got));
    assert_int_equal(errno, EDOM);
    assert_int_equal(check_arenas().in_use, 0);
    vm_failing_plan(0, 0);
    assert_true(ep__arena_create(1, 1, &got));
    assert_int_equal(check_arenas().in_use, 1);
}

/* Fails every call of a creation in turn, the first one's window included. */
static void every_refusal_leaves_arenas_as_they_were(void)
{
    struct slots got;
    uint64_t calls = 1;
    for (uint64_t n = 1; n <= calls; n++) {
        size_t before = check_arenas().in_use;
        vm_failing_plan(n, UINT64_MAX);
        bool is_made = ep__arena_create(1, 1, &got);
        calls = vm_failing_calls() + !is_made;
        vm_failing_plan(0, 0);
        assert_int_equal(check_arenas().in_use, before + is_made);
        assert_int_equal(check_arenas().used_slots, before + is_made);
        if (is_made)
            break;
    }
    assert_true(calls > 3);
    memset(ep__arena_base(got.arena), 1, EP__ARENA_BYTES);
}

static void refused_tables_are_no_reason_for_another_window(void)
{
    struct slots got;
    assert_non_null(ep__window_add(0));
    vm_failing_plan(1, 1);
    assert_false(ep__arena_create(1, 1, &got));
    vm_failing_plan(0, 0);
    assert_null(ep__window_at(1));
    assert_true(ep__arena_create(1, 1, &got));
    assert_ptr_equal(got.arena->window, ep__window_at(0));
}

static void a_range_that_could_not_be_committed_is_tried_again(void)
{
    struct slots got;
    struct arena *first = make_arena();
    vm_failing_plan(1, 1);
    assert_false(ep__arena_create(1, 1, &got));
    assert_string_equal(vm_failing_last(), "commit");
    check_arenas();
    assert_true(ep__arena_create(1, 1, &got));
    assert_int_equal(got.arena->id, first->id + 1);
    assert_int_equal(ep__arena_ids_begun(first->window), 2);
    check_arenas();
}

static void the_most_arenas_at_once_are_remembered(void)
{
    keep_nothing();
    struct arena *arenas[3];
    for (unsigned i = 0; i < 3; i++)
        arenas[i] = make_arena();
    for (unsigned i = 0; i < 3; i++)
        ep__arena_release(arenas[i], 0, EP__ARENA_SLOTS);
    ep__retire_purge_all(NULL);
    assert_int_equal(check_arenas().in_use, 0);
    (void)make_arena();
    assert_int_equal(ep__load_relaxed(&ep__arenas.highwater), 3);
    assert_int_equal(ep__load_relaxed(&ep__arenas.created), 4);
}

enum { HOLDINGS = 40, STEPS = 4000 };

/* Writes to the lowest slots.  Where the memory was said to be zero it was. */
static void touch(struct slots *slots, unsigned count)
{
    char *start = ep__arena_slot_start(slots->arena, slots->first);
    for (unsigned i = 0; slots->is_zero && i < slots->count; i++)
        assert_int_equal(start[i * EP__SLOT_BYTES], 0);
    if (count == 0)
        return;
    ep__arena_mark_touched(slots->arena, slots->first, (count - 1) * EP__SLOT_BYTES + 1);
    for (unsigned i = 0; i < count; i++)
        start[i * EP__SLOT_BYTES] = 1;
}

/* Holds and gives back at random; after each step every invariant holds. */
static void invariants_hold_whatever_is_taken_and_given_back(void)
{
    static struct slots held[HOLDINGS];
    uint64_t random = 99;
    keep_nothing();
    for (unsigned i = 0; i < STEPS; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        struct slots *slots = &held[(random >> 33) % HOLDINGS];
        unsigned count = 1 + (random >> 40) % 16;
        unsigned align = 1U << (random >> 50) % 7;
        if (slots->arena != NULL) {
            ep__arena_release(slots->arena, slots->first, slots->count);
            slots->arena = NULL;
        } else {
            count = (random >> 60) % 2 ? 1 : count;
            if (!ep__arena_acquire(count, align, slots))
                assert_true(ep__arena_create(count, align, slots));
            touch(slots, (random >> 8) % (count + 1));
        }
        if (i % 16 == 0)
            check_arenas();
    }
}

enum { ACTORS = 3 };

static struct arena *shared;
static uint64_t word_at_first;
static struct slots taken[ACTORS];
static unsigned wanted[ACTORS] = {1, 1, 1};

/* One arena with room; what was taken of it, and whatever was made, goes. */
static void begin_taking(void)
{
    static struct slots none;
    for (unsigned i = 0; i < ACTORS; i++) {
        if (taken[i].arena != NULL)
            ep__arena_release(taken[i].arena, taken[i].first, taken[i].count);
        taken[i] = none;
    }
    if (shared == NULL)
        shared = make_arena();
    keep_everything();
    uint64_t word = free_word(shared);
    if (word != 0)
        assert_int_equal(ep__arena_take_free(shared, word), word);
    ep__usable_arenas_update(shared);
    release_slots(shared, word_at_first);
}

static void take_for(unsigned actor)
{
    if (!ep__arena_acquire(wanted[actor], 1, &taken[actor]))
        taken[actor].arena = NULL;
}

static void take_first(void)
{
    take_for(0);
}

static void take_second(void)
{
    take_for(1);
}

static void take_third(void)
{
    take_for(2);
}

static void give_second_back(void)
{
    if (taken[1].arena != NULL)
        ep__arena_release(taken[1].arena, taken[1].first, taken[1].count);
    taken[1].arena = NULL;
}

/* Nobody has a slot of another's, and what nobody has is free. */
static void check_taken(void)
{
    uint64_t used = 0;
    for (unsigned i = 0; i < ACTORS; i++) {
        if (taken[i].arena == NULL)
            continue;
        assert_ptr_equal(taken[i].arena, shared);
        uint64_t mine = ep__bits_range(taken[i].first, taken[i].count);
        assert_int_equal(used & mine, 0);
        used |= mine;
    }
    assert_int_equal(free_word(shared), word_at_first & ~used);
    assert_int_equal(ep__load_relaxed(&ep__arenas.used_slots),
                     64 - ep__bits_count(free_word(shared)));
    ep__usable_arenas_update(shared);
}

static void check_everybody_has_some(void)
{
    check_taken();
    for (unsigned i = 0; i < ACTORS; i++)
        assert_non_null(taken[i].arena);
}

static void slots_are_taken_by_one_thread_each(void)
{
    static const uint64_t words[] = {0x1, 0x3, 0x7, 0xff00ff, ~UINT64_C(0) - 1};
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
        word_at_first = words[i];
        play(&(struct scene){begin_taking, take_first, take_second, take_third, check_taken});
        play(&(struct scene){begin_taking, take_first, take_second, give_second_back, check_taken});
    }
}

/* Losing a slot to others is no reason to find none while there are enough. */
static void who_loses_a_slot_takes_another(void)
{
    word_at_first = 0x7;
    play(&(struct scene){begin_taking, take_first, take_second, take_third,
                         check_everybody_has_some});
    wanted[0] = 4;
    wanted[1] = 2;
    word_at_first = 0xfff;
    play(&(struct scene){begin_taking, take_first, take_second, take_third,
                         check_everybody_has_some});
    wanted[0] = 1;
    wanted[1] = 4;
    play(&(struct scene){begin_taking, take_first, take_second, take_third,
                         check_everybody_has_some});
}

static void makes_for(unsigned actor)
{
    assert_true(ep__arena_create(1, 1, &taken[actor]));
}

static void make_first(void)
{
    makes_for(0);
}

static void make_second(void)
{
    makes_for(1);
}

static void make_third(void)
{
    makes_for(2);
}

static void check_made(void)
{
    for (unsigned i = 0; i < ACTORS; i++)
        for (unsigned j = 0; j < i; j++)
            assert_ptr_not_equal(taken[i].arena, taken[j].arena);
    for (unsigned i = 0; i < ACTORS; i++)
        ep__arena_acquire_at(taken[i].arena, 1, 63);
    memset(taken, 0, sizeof taken);
}

static void no_two_threads_make_the_same_arena(void)
{
    play(&(struct scene){begin_taking, make_first, make_second, make_third, check_made});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(without_arenas_there_is_no_slot),
        alone(who_makes_an_arena_has_its_slots),
        alone(a_slot_lies_in_its_arena_and_its_memory_is_zero),
        alone(an_arena_gives_64_slots_out_and_no_more),
        alone(several_slots_come_from_the_top),
        alone(slots_start_at_multiples_of_what_is_asked),
        alone(the_only_place_left_is_found),
        alone(slots_that_are_not_adjacent_or_not_aligned_do_not_serve),
        alone(the_fullest_arena_gives_first),
        alone(a_slot_given_back_is_given_out_again),
        alone(only_slots_without_pages_are_zero),
        alone(slots_that_were_only_held_are_still_zero),
        alone(slots_have_pages_to_where_they_were_touched),
        alone(of_places_for_several_slots_those_with_pages_come_first),
        alone(pages_elsewhere_than_in_the_first_slot_do_not_choose_the_place),
        alone(an_arena_with_pages_in_the_first_slot_comes_before_others),
        alone(slots_are_taken_at_a_place_whole_or_not_at_all),
        alone(only_what_is_free_is_taken),
        alone(slots_given_back_twice_are_corruption),
        alone(a_lost_hint_is_found_by_the_sweep),
        alone(an_arena_in_no_bucket_is_found_by_the_sweep),
        alone(a_closed_window_gives_nothing),
        alone(a_full_window_is_followed_by_another),
        alone(without_memory_no_arena_is_made_and_nothing_has_changed),
        alone(every_refusal_leaves_arenas_as_they_were),
        alone(refused_tables_are_no_reason_for_another_window),
        alone(a_range_that_could_not_be_committed_is_tried_again),
        alone(the_most_arenas_at_once_are_remembered),
        alone(invariants_hold_whatever_is_taken_and_given_back),
        alone(slots_are_taken_by_one_thread_each),
        alone(who_loses_a_slot_takes_another),
        alone(no_two_threads_make_the_same_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
