/* What must hold of all arenas at rest, and how tests make and fill them. */
#ifndef TESTS_UNIT_ARENAS_H
#define TESTS_UNIT_ARENAS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arena/arena.h"
#include "arena/retire.h"
#include "arena/usable_arenas.h"
#include "sys/options.h"

static inline uint64_t free_word(struct arena *arena)
{
    return ep__load_seq_cst(&arena->free_slots);
}

static inline uint64_t dirty_word(struct arena *arena)
{
    return ep__load_relaxed(&arena->dirty_slots);
}

static inline uint32_t bucket_of(struct arena *arena)
{
    return ep__load_seq_cst(&arena->bucket);
}

static inline bool is_in_use(struct arena *arena)
{
    return ep__load_acquire(&arena->in_use) != 0;
}

static inline bool is_member(struct arena *arena, unsigned set)
{
    return ep__arena_set_has(arena->window, set, arena->id);
}

/* Makes an arena all of whose slots the caller holds and may write to. */
static inline struct arena *make_arena(void)
{
    struct slots got;
    assert_true(ep__arena_create(1, 1, &got));
    assert_int_equal(got.first, 0);
    ep__arena_mark_touched(got.arena, 0, 1);
    assert_true(ep__arena_acquire_at(got.arena, 1, EP__ARENA_SLOTS - 1));
    return got.arena;
}

/* Gives the slots that `word` names back, one by one from below, as pools would. */
static inline void release_slots(struct arena *arena, uint64_t word)
{
    for (; word != 0; word &= word - 1)
        ep__arena_release(arena, ep__bits_lowest(word), 1);
}

/* Free memory goes back by request only. */
static inline void keep_everything(void)
{
    assert_true(ep__option_set(EP__OPTION_RETAIN, PTRDIFF_MAX));
}

/* Makes an arena whose free slots are those of `word`; they stay as they are. */
static inline struct arena *make_arena_with(uint64_t word)
{
    struct arena *arena = make_arena();
    keep_everything();
    release_slots(arena, word);
    assert_int_equal(free_word(arena), word);
    return arena;
}

/* Free memory goes back as soon as may be. */
static inline void keep_nothing(void)
{
    assert_true(ep__option_set(EP__OPTION_RETAIN, 0));
    assert_true(ep__option_set(EP__OPTION_RETAIN_PERCENT, 0));
}

/* usable_arenas.h: bucket and membership follow the word. */
static inline void check_bucket(struct arena *arena)
{
    uint32_t count = ep__bits_count(free_word(arena));
    uint32_t bucket = bucket_of(arena);
    if (count == 0)
        assert_int_equal(bucket, 0);
    else
        assert_in_range(bucket, count > 1 ? count - 1 : 1, count < 64 ? count + 1 : 64);
    for (unsigned n = 1; n <= EP__ARENA_SLOTS; n++)
        assert_int_equal(is_member(arena, EP__SET_BUCKET + n), n == bucket);
}

/* Whether `word` has 2^hole slots in a row of which the first is a multiple of that. */
static inline bool has_aligned_hole(uint64_t word, unsigned hole)
{
    unsigned size = 1U << hole;
    for (unsigned first = 0; first < EP__ARENA_SLOTS; first += size)
        if ((word & ep__bits_range(first, size)) == ep__bits_range(first, size))
            return true;
    return false;
}

/* What arenas are and have, counted one by one. */
struct arena_sums {
    size_t in_use;
    size_t all_free;
    size_t used_slots;
    size_t dirty_free_slots;
};

static inline void count_arena(struct arena *arena, struct arena_sums *sums)
{
    uint64_t word = free_word(arena);
    assert_int_equal(is_member(arena, EP__SET_RETIRED), !is_in_use(arena));
    if (!is_in_use(arena)) {
        assert_int_equal(word, 0);
        return;
    }
    sums->in_use++;
    sums->all_free += word == ~UINT64_C(0);
    sums->used_slots += 64 - ep__bits_count(word);
    sums->dirty_free_slots += ep__bits_count(word & dirty_word(arena));
}

/* The invariants of arena.h. */
static inline struct arena_sums check_counts_of_arenas(void)
{
    struct arena_sums sums = {0};
    for (unsigned i = 0; i < EP__WINDOWS_MAX && ep__window_at(i) != NULL; i++) {
        struct window *window = ep__window_at(i);
        for (uint32_t id = 0; id < ep__arena_ids_begun(window); id++)
            count_arena(ep__arena_at(window, id), &sums);
    }
    assert_int_equal(ep__load_relaxed(&ep__arenas.all_free), sums.all_free);
    assert_int_equal(ep__load_relaxed(&ep__arenas.used_slots), sums.used_slots);
    assert_int_equal(ep__load_relaxed(&ep__arenas.dirty_free_slots), sums.dirty_free_slots);
    uint64_t created = ep__load_relaxed(&ep__arenas.created);
    assert_int_equal(created - ep__load_relaxed(&ep__arenas.retired), sums.in_use);
    assert_true(ep__load_relaxed(&ep__arenas.highwater) >= sums.in_use);
    return sums;
}

static inline void check_hints(struct arena *arena)
{
    check_bucket(arena);
    for (unsigned hole = 1; hole <= 4; hole++)
        if (has_aligned_hole(free_word(arena), hole))
            assert_true(is_member(arena, EP__SET_HOLE + hole));
}

/* The same and those of usable_arenas.h: when nothing was ever interrupted. */
static inline struct arena_sums check_arenas(void)
{
    for (unsigned i = 0; i < EP__WINDOWS_MAX && ep__window_at(i) != NULL; i++) {
        struct window *window = ep__window_at(i);
        for (uint32_t id = 0; id < ep__arena_ids_begun(window); id++)
            check_hints(ep__arena_at(window, id));
    }
    return check_counts_of_arenas();
}

#endif
