/* usable_arenas: lib/arena/usable_arenas.c. */
#include "unit/alone.h"

#include "unit/interrupt.h"

#include "arena/arena_set.c"
#include "arena/usable_arenas.c"
#include "unit/arenas.h"

/* Changes the word as taking and giving do, and nothing else. */
static void set_word(struct arena *arena, uint64_t word)
{
    ep__store_seq_cst(&arena->free_slots, word);
    ep__usable_arenas_update(arena);
}

static void nothing_is_usable_at_first(void)
{
    assert_null(ep__usable_arenas_fullest(1));
    assert_null(ep__usable_arenas_with_hole(1, NULL));
    (void)make_arena_with(0);
    assert_null(ep__usable_arenas_fullest(1));
}

static void the_arena_with_the_fewest_free_slots_is_the_fullest(void)
{
    static const unsigned counts[] = {40, 3, 64, 17, 1, 63, 9};
    enum { ARENAS = sizeof counts / sizeof counts[0] };
    struct arena *arenas[EP__ARENA_SLOTS + 1] = {NULL};
    for (unsigned i = 0; i < ARENAS; i++)
        arenas[counts[i]] = make_arena_with(ep__bits_range(0, counts[i]));
    for (unsigned n = 1; n <= EP__ARENA_SLOTS; n++) {
        if (arenas[n] == NULL)
            continue;
        assert_ptr_equal(ep__usable_arenas_fullest(1), arenas[n]);
        assert_ptr_equal(ep__usable_arenas_fullest(bucket_of(arenas[n])), arenas[n]);
        set_word(arenas[n], 0);
    }
    assert_null(ep__usable_arenas_fullest(1));
}

static void of_equally_full_arenas_the_lowest_is_first(void)
{
    struct arena *arenas[3];
    for (unsigned i = 0; i < 3; i++)
        arenas[i] = make_arena_with(0);
    for (unsigned i = 3; i-- > 0;)
        set_word(arenas[i], 0x7000);
    for (unsigned i = 0; i < 3; i++) {
        assert_ptr_equal(ep__usable_arenas_fullest(1), arenas[i]);
        set_word(arenas[i], 0);
    }
}

static void every_number_of_free_slots_has_a_bucket(void)
{
    struct arena *arena = make_arena_with(0);
    for (unsigned up = 1; up <= EP__ARENA_SLOTS; up++) {
        set_word(arena, ep__bits_range(0, up));
        check_bucket(arena);
    }
    for (unsigned down = EP__ARENA_SLOTS; down-- > 1;) {
        set_word(arena, ep__bits_range(0, down));
        check_bucket(arena);
    }
    set_word(arena, 0);
    check_bucket(arena);
    for (unsigned from = 0; from <= EP__ARENA_SLOTS; from += 3)
        for (unsigned to = 0; to <= EP__ARENA_SLOTS; to++) {
            set_word(arena, from == 0 ? 0 : ep__bits_range(0, from));
            set_word(arena, to == 0 ? 0 : ep__bits_range(0, to));
            check_bucket(arena);
        }
}

static void an_arena_that_drifts_by_one_stays_where_it_is(void)
{
    struct arena *arena = make_arena_with(0);
    set_word(arena, ep__bits_range(0, 30));
    assert_int_equal(bucket_of(arena), 30);
    for (unsigned i = 0; i < 4; i++) {
        set_word(arena, ep__bits_range(0, 31));
        assert_int_equal(bucket_of(arena), 30);
        set_word(arena, ep__bits_range(0, 29));
        assert_int_equal(bucket_of(arena), 30);
    }
    set_word(arena, ep__bits_range(0, 32));
    assert_int_equal(bucket_of(arena), 32);
}

static void the_ends_are_exact(void)
{
    static const unsigned counts[] = {0, 1, 63, 64};
    struct arena *arena = make_arena_with(0);
    for (unsigned i = 0; i < 4; i++) {
        unsigned near = counts[i] < 2 ? 2 : 62;
        set_word(arena, ep__bits_range(0, near));
        set_word(arena, counts[i] == 0 ? 0 : ep__bits_range(0, counts[i]));
        assert_int_equal(bucket_of(arena), counts[i]);
        check_bucket(arena);
    }
}

static void a_member_of_a_bucket_it_has_left_is_put_right(void)
{
    struct arena *stray = make_arena_with(0xff0);
    struct arena *arena = make_arena_with(0xffff0);
    ep__arena_set_add(stray->window, EP__SET_BUCKET + 3, stray->id);
    assert_ptr_equal(ep__usable_arenas_fullest(1), stray);
    set_word(stray, 0);
    ep__arena_set_add(stray->window, EP__SET_BUCKET + 3, stray->id);
    assert_ptr_equal(ep__usable_arenas_fullest(1), arena);
    check_bucket(stray);
    check_bucket(arena);
}

static void an_arena_is_noted_for_every_hole_that_it_comes_to_have(void)
{
    struct arena *arena = make_arena_with(0);
    for (unsigned hole = 1; hole <= 4; hole++)
        ep__arena_set_remove(arena->window, EP__SET_HOLE + hole, arena->id);
    ep__usable_arenas_note_holes(arena, 0, 0x0180);
    assert_null(ep__usable_arenas_with_hole(1, NULL));
    ep__usable_arenas_note_holes(arena, 0x0180, 0x01c0);
    assert_ptr_equal(ep__usable_arenas_with_hole(1, NULL), arena);
    assert_null(ep__usable_arenas_with_hole(2, NULL));
    ep__usable_arenas_note_holes(arena, 0x01c0, 0xffff0000);
    for (unsigned hole = 2; hole <= 4; hole++)
        assert_ptr_equal(ep__usable_arenas_with_hole(hole, NULL), arena);
}

static void arenas_with_a_hole_come_in_order(void)
{
    struct arena *arenas[3];
    for (unsigned i = 0; i < 3; i++)
        arenas[i] = make_arena_with(0xf0);
    struct arena *found = NULL;
    for (unsigned i = 0; i < 3; i++) {
        found = ep__usable_arenas_with_hole(2, found);
        assert_ptr_equal(found, arenas[i]);
    }
    assert_null(ep__usable_arenas_with_hole(2, found));
}

static void a_hint_of_a_hole_goes_when_it_is_wrong_and_stays_when_it_is_right(void)
{
    struct arena *arena = make_arena_with(0xf0);
    assert_true(is_member(arena, EP__SET_HOLE + 2));
    ep__usable_arenas_correct_hole(arena, 2);
    assert_true(is_member(arena, EP__SET_HOLE + 2));
    assert_true(ep__arena_acquire_at(arena, 5, 1));
    ep__usable_arenas_correct_hole(arena, 2);
    assert_false(is_member(arena, EP__SET_HOLE + 2));
    ep__usable_arenas_correct_hole(arena, 1);
    assert_true(is_member(arena, EP__SET_HOLE + 1));
    ep__arena_release(arena, 5, 1);
    assert_true(is_member(arena, EP__SET_HOLE + 2));
}

static void closed_windows_are_passed_over(void)
{
    struct arena *closed = make_arena_with(0xf);
    ep__windows_close();
    assert_null(ep__usable_arenas_fullest(1));
    assert_null(ep__usable_arenas_with_hole(2, NULL));
    struct arena *open = make_arena_with(0xff);
    assert_ptr_not_equal(open->window, closed->window);
    assert_ptr_equal(ep__usable_arenas_fullest(1), open);
    assert_ptr_equal(ep__usable_arenas_with_hole(2, NULL), open);
    assert_null(ep__usable_arenas_with_hole(2, open));
}

static void arenas_of_every_window_are_found(void)
{
    struct arena *first = make_arena_with(0xf0);
    ep__store_relaxed(&first->window->is_closed, 1);
    struct arena *second = make_arena_with(0xff);
    ep__store_relaxed(&first->window->is_closed, 0);
    assert_ptr_equal(ep__usable_arenas_with_hole(2, NULL), first);
    assert_ptr_equal(ep__usable_arenas_with_hole(2, first), second);
    assert_null(ep__usable_arenas_with_hole(2, second));
    assert_ptr_equal(ep__usable_arenas_fullest(1), first);
    set_word(first, 0);
    assert_ptr_equal(ep__usable_arenas_fullest(1), second);
}

/* Three threads, each with slots that only it takes and gives, and slots that stay as they are. */
static const uint64_t parts[] = {0x1, 0x2, 0xff00};
static struct arena *shared;
static uint64_t word_at_first;

static void begin_with_word(void)
{
    if (shared == NULL)
        shared = make_arena();
    keep_everything();
    (void)ep__arena_take_free(shared, ~UINT64_C(0));
    ep__usable_arenas_update(shared);
    if (word_at_first != 0)
        ep__arena_give_free(shared, word_at_first);
    assert_ptr_equal(ep__usable_arenas_fullest(1), word_at_first != 0 ? shared : NULL);
}

static void change_part(uint64_t part)
{
    if ((word_at_first & part) == 0) {
        ep__arena_give_free(shared, part);
        return;
    }
    assert_int_equal(ep__arena_take_free(shared, part), part);
    ep__usable_arenas_update(shared);
}

static void change_first(void)
{
    change_part(parts[0]);
}

static void change_second(void)
{
    change_part(parts[1]);
}

static void change_third(void)
{
    change_part(parts[2]);
}

static void search(void)
{
    (void)ep__usable_arenas_fullest(1);
}

static void correct_every_hole(void)
{
    for (unsigned hole = 1; hole <= 4; hole++)
        ep__usable_arenas_correct_hole(shared, hole);
}

/* A thread that was stopped may have left the arena in a bucket too many, which the search puts right. */
static void check_found(void)
{
    uint64_t word = free_word(shared);
    uint32_t count = ep__bits_count(word);
    uint32_t bucket = bucket_of(shared);
    assert_true(count == 0 ? bucket == 0 : bucket + 1 >= count && bucket <= count + 1);
    assert_true(count == 0 || is_member(shared, EP__SET_BUCKET + bucket));
    assert_ptr_equal(ep__usable_arenas_fullest(1), word != 0 ? shared : NULL);
    for (unsigned hole = 1; hole <= 4; hole++)
        if (has_aligned_hole(word, hole))
            assert_ptr_equal(ep__usable_arenas_with_hole(hole, NULL), shared);
}

/* Whoever changes the word last, and wherever the others are stopped. */
static void an_arena_is_where_its_word_says_whoever_moves_it(void)
{
    static const uint64_t rest[] = {0, 0xfc, UINT64_C(0xffffffff000000fc),
                                    UINT64_C(0xffffffffffff00fc)};
    for (unsigned i = 0; i < sizeof rest / sizeof rest[0]; i++)
        for (unsigned given = 0; given < 8; given++) {
            word_at_first = rest[i];
            for (unsigned part = 0; part < 3; part++)
                word_at_first |= given >> part & 1U ? parts[part] : 0;
            play(&(struct scene){begin_with_word, change_first, change_second, change_third,
                                 check_found});
            play(&(struct scene){begin_with_word, change_third, change_first, change_second,
                                 check_found});
        }
}

static void a_search_loses_no_arena_that_moves_meanwhile(void)
{
    for (unsigned given = 0; given < 4; given++) {
        word_at_first = (given & 1 ? parts[0] : 0) | (given & 2 ? parts[2] : 0);
        play(&(struct scene){begin_with_word, search, change_first, change_third, check_found});
        play(&(struct scene){begin_with_word, change_third, search, change_first, check_found});
    }
}

static void a_hole_made_beside_a_correction_is_found(void)
{
    word_at_first = 0;
    play(&(struct scene){begin_with_word, correct_every_hole, change_third, NULL, check_found});
    play(&(struct scene){begin_with_word, change_third, correct_every_hole, NULL, check_found});
    play(&(struct scene){begin_with_word, correct_every_hole, change_first, change_second,
                         check_found});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(nothing_is_usable_at_first),
        alone(the_arena_with_the_fewest_free_slots_is_the_fullest),
        alone(of_equally_full_arenas_the_lowest_is_first),
        alone(every_number_of_free_slots_has_a_bucket),
        alone(an_arena_that_drifts_by_one_stays_where_it_is),
        alone(the_ends_are_exact),
        alone(a_member_of_a_bucket_it_has_left_is_put_right),
        alone(an_arena_is_noted_for_every_hole_that_it_comes_to_have),
        alone(arenas_with_a_hole_come_in_order),
        alone(a_hint_of_a_hole_goes_when_it_is_wrong_and_stays_when_it_is_right),
        alone(closed_windows_are_passed_over),
        alone(arenas_of_every_window_are_found),
        alone(an_arena_is_where_its_word_says_whoever_moves_it),
        alone(a_search_loses_no_arena_that_moves_meanwhile),
        alone(a_hole_made_beside_a_correction_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
