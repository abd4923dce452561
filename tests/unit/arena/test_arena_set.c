/* Sets of arenas: lib/arena/arena_set.c, in a window of the biggest size that is made of tables alone. */
#include "unit/alone.h"

#include <sys/mman.h>

#include "unit/interrupt.h"

#include "arena/arena_set.c"

enum {
    ARENAS = EP__GROUPS_MAX * EP__GROUP_ARENAS,
    PART_ARENAS = 64 * EP__GROUP_ARENAS, /* those below one word of a summary */
    SET = EP__SET_RETIRED,
};

/* The words of a set are all that is touched of it. */
static struct window *make_window(void)
{
    size_t bytes = sizeof(struct window) + EP__GROUPS_MAX * sizeof(struct arena_group);
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(start, MAP_FAILED);
    struct window *window = start;
    window->groups = (struct arena_group *)(window + 1);
    window->arena_count = ARENAS;
    return window;
}

/* The invariant at rest, where a group has members or not: leaf bit => summary bit => top bit. */
static void check_group(struct window *window, unsigned set, uint32_t group)
{
    uint64_t leaf = ep__load_relaxed(&window->groups[group].leaves[set]);
    uint64_t summary = ep__load_relaxed(&window->set_summaries[group / 64][set]);
    uint64_t top = ep__load_relaxed(&window->set_tops[set]);
    if (leaf != 0)
        assert_true(summary >> group % 64 & 1U);
    if (summary != 0)
        assert_true(top >> group / 64 & 1U);
}

static void an_empty_set_has_no_next(void)
{
    struct window *window = make_window();
    assert_int_equal(ep__arena_set_next(window, SET, 0), EP__ARENA_NONE);
    assert_int_equal(ep__arena_set_next(window, SET, ARENAS - 1), EP__ARENA_NONE);
    assert_int_equal(ep__arena_set_next(window, SET, ARENAS), EP__ARENA_NONE);
    assert_int_equal(ep__arena_set_next(window, SET, UINT32_MAX), EP__ARENA_NONE);
    assert_false(ep__arena_set_has(window, SET, 0));
    assert_false(ep__arena_set_remove(window, SET, 0));
}

static const uint32_t ends[] = {
    0,
    1,
    63,
    64,
    65,
    PART_ARENAS - 1,
    PART_ARENAS,
    PART_ARENAS + 64,
    5 * PART_ARENAS + 63 * 64 + 63,
    ARENAS - PART_ARENAS,
    ARENAS - 64,
    ARENAS - 1,
};
enum { ENDS = sizeof ends / sizeof ends[0] };

static void next_is_the_lowest_member_from_there_on(void)
{
    struct window *window = make_window();
    for (unsigned i = ENDS; i-- > 0;)
        ep__arena_set_add(window, SET, ends[i]);
    for (unsigned i = 0; i < ENDS; i++) {
        uint32_t from = i == 0 ? 0 : ends[i - 1] + 1;
        assert_int_equal(ep__arena_set_next(window, SET, from), ends[i]);
        assert_int_equal(ep__arena_set_next(window, SET, ends[i]), ends[i]);
        assert_true(ep__arena_set_has(window, SET, ends[i]));
        check_group(window, SET, ends[i] / EP__GROUP_ARENAS);
    }
    assert_int_equal(ep__arena_set_next(window, SET, ARENAS), EP__ARENA_NONE);
}

static void a_member_is_removed_once(void)
{
    struct window *window = make_window();
    for (unsigned i = 0; i < ENDS; i++) {
        ep__arena_set_add(window, SET, ends[i]);
        ep__arena_set_add(window, SET, ends[i]);
    }
    for (unsigned i = 0; i < ENDS; i++) {
        assert_true(ep__arena_set_remove(window, SET, ends[i]));
        assert_false(ep__arena_set_remove(window, SET, ends[i]));
        assert_false(ep__arena_set_has(window, SET, ends[i]));
        uint32_t next = i + 1 < ENDS ? ends[i + 1] : EP__ARENA_NONE;
        assert_int_equal(ep__arena_set_next(window, SET, 0), next);
        check_group(window, SET, ends[i] / EP__GROUP_ARENAS);
    }
}

static void a_set_that_becomes_empty_clears_its_words_above(void)
{
    struct window *window = make_window();
    for (unsigned i = 0; i < ENDS; i++)
        ep__arena_set_add(window, SET, ends[i]);
    for (unsigned i = 0; i < ENDS; i++)
        ep__arena_set_remove(window, SET, ends[i]);
    assert_int_equal(ep__load_relaxed(&window->set_tops[SET]), 0);
    for (unsigned part = 0; part < EP__GROUPS_MAX / 64; part++)
        assert_int_equal(ep__load_relaxed(&window->set_summaries[part][SET]), 0);
}

static void sets_do_not_see_each_other(void)
{
    struct window *window = make_window();
    for (unsigned set = 0; set < EP__SETS; set++)
        ep__arena_set_add(window, set, set * 100);
    for (unsigned set = 0; set < EP__SETS; set++) {
        assert_int_equal(ep__arena_set_next(window, set, 0), set * 100);
        assert_int_equal(ep__arena_set_next(window, set, set * 100 + 1), EP__ARENA_NONE);
    }
    assert_true(ep__arena_set_remove(window, 7, 700));
    assert_true(ep__arena_set_has(window, 6, 600));
    assert_true(ep__arena_set_has(window, 8, 800));
}

/* What a thread that was stopped between its steps leaves: an upper bit without anything below. */
static void bits_above_an_empty_leaf_are_passed_over(void)
{
    struct window *window = make_window();
    ep__arena_set_add(window, SET, 3 * PART_ARENAS + 130);
    ep__store_relaxed(&window->set_tops[SET], ~UINT64_C(0));
    ep__store_relaxed(&window->set_summaries[0][SET], ~UINT64_C(0));
    ep__store_relaxed(&window->set_summaries[3][SET], ~UINT64_C(0));
    assert_int_equal(ep__arena_set_next(window, SET, 0), 3 * PART_ARENAS + 130);
    assert_int_equal(ep__arena_set_next(window, SET, 3 * PART_ARENAS + 131), EP__ARENA_NONE);
    assert_int_equal(ep__load_relaxed(&window->set_summaries[0][SET]), 0);
}

/* The other way round: a member below a bit that is missing is hidden until it is added again. */
static void adding_a_member_again_shows_it_again(void)
{
    struct window *window = make_window();
    ep__arena_set_add(window, SET, PART_ARENAS + 77);
    ep__store_relaxed(&window->set_tops[SET], 0);
    ep__arena_set_add(window, SET, PART_ARENAS + 77);
    assert_int_equal(ep__arena_set_next(window, SET, 0), PART_ARENAS + 77);
    ep__store_relaxed(&window->set_summaries[1][SET], 0);
    ep__arena_set_add(window, SET, PART_ARENAS + 77);
    assert_int_equal(ep__arena_set_next(window, SET, 0), PART_ARENAS + 77);
}

enum { MEMBERS = 3 * PART_ARENAS, STEPS = 20000 };

static uint32_t next_of_shadow(const bool *shadow, uint32_t from)
{
    while (from < MEMBERS && !shadow[from])
        from++;
    return from < MEMBERS ? from : EP__ARENA_NONE;
}

static void a_set_is_a_set_whatever_is_done_with_it(void)
{
    static bool shadow[MEMBERS];
    struct window *window = make_window();
    uint64_t random = 12345;
    for (unsigned i = 0; i < STEPS; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        uint32_t id = (uint32_t)(random >> 33) % MEMBERS;
        /* Few members, so that words become empty often. */
        uint32_t member = next_of_shadow(shadow, id);
        if (i % 8 == 0) {
            ep__arena_set_add(window, SET, id);
            shadow[id] = true;
        } else if (i % 8 == 4 && member != EP__ARENA_NONE) {
            assert_true(ep__arena_set_remove(window, SET, member));
            shadow[member] = false;
        } else if (i % 8 == 6) {
            assert_int_equal(ep__arena_set_remove(window, SET, id), shadow[id]);
            shadow[id] = false;
        }
        assert_int_equal(ep__arena_set_next(window, SET, id), next_of_shadow(shadow, id));
        assert_int_equal(ep__arena_set_has(window, SET, id), shadow[id]);
    }
    for (uint32_t group = 0; group < MEMBERS / EP__GROUP_ARENAS; group++)
        check_group(window, SET, group);
}

static struct window *shared;

enum { OTHER = 70, FAR = 2 * PART_ARENAS + 9 };

/* Members 5 and, of the next group, OTHER. */
static void begin_with_two(void)
{
    if (shared == NULL)
        shared = make_window();
    for (uint32_t i = 0; i < 2 * PART_ARENAS; i++)
        if (ep__arena_set_has(shared, SET, i))
            ep__arena_set_remove(shared, SET, i);
    ep__arena_set_remove(shared, SET, FAR);
    ep__arena_set_add(shared, SET, 5);
    ep__arena_set_add(shared, SET, OTHER);
}

static void remove_5(void)
{
    assert_true(ep__arena_set_remove(shared, SET, 5));
}

static void remove_other(void)
{
    assert_true(ep__arena_set_remove(shared, SET, OTHER));
}

static void add_7(void)
{
    ep__arena_set_add(shared, SET, 7);
}

static void add_far(void)
{
    ep__arena_set_add(shared, SET, FAR);
}

static void look_for_members(void)
{
    assert_int_not_equal(ep__arena_set_next(shared, SET, OTHER), 5);
}

/* Every member is found, from the top. */
static void check_members(void)
{
    uint32_t from = 0;
    for (uint32_t i = 0; i <= FAR; i++) {
        if (!ep__arena_set_has(shared, SET, i))
            continue;
        assert_int_equal(ep__arena_set_next(shared, SET, from), i);
        check_group(shared, SET, i / EP__GROUP_ARENAS);
        from = i + 1;
    }
    assert_int_equal(ep__arena_set_next(shared, SET, from), EP__ARENA_NONE);
}

static void check_7(void)
{
    assert_true(ep__arena_set_has(shared, SET, 7));
    check_members();
}

static void check_far(void)
{
    assert_true(ep__arena_set_has(shared, SET, FAR));
    check_members();
}

static void what_is_added_beside_a_removal_is_found(void)
{
    play(&(struct scene){begin_with_two, remove_5, add_7, NULL, check_7});
    play(&(struct scene){begin_with_two, add_7, remove_5, NULL, check_7});
    play(&(struct scene){begin_with_two, remove_5, add_far, remove_other, check_far});
    play(&(struct scene){begin_with_two, remove_5, remove_other, add_7, check_7});
    play(&(struct scene){begin_with_two, remove_5, add_7, remove_other, check_7});
    play(&(struct scene){begin_with_two, add_7, remove_5, remove_other, check_7});
    play(&(struct scene){begin_with_two, look_for_members, remove_5, add_7, check_7});
}

/* A summary bit whose leaf is empty: the search that corrects it meets who adds there. */
static void begin_with_stray_bits(void)
{
    begin_with_two();
    remove_5();
    remove_other();
    ep__fetch_or_relaxed(&shared->set_summaries[0][SET], 1);
    ep__fetch_or_relaxed(&shared->set_tops[SET], 1);
}

static void search(void)
{
    (void)ep__arena_set_next(shared, SET, 0);
}

static void what_is_added_beside_a_search_is_found(void)
{
    play(&(struct scene){begin_with_stray_bits, search, add_7, NULL, check_7});
    play(&(struct scene){begin_with_stray_bits, search, add_7, search, check_7});
    play(&(struct scene){begin_with_stray_bits, add_7, search, NULL, check_7});
}

static unsigned removals;

static void begin_with_one_to_take(void)
{
    begin_with_two();
    removals = 0;
}

static void take_5(void)
{
    removals += ep__arena_set_remove(shared, SET, 5);
}

static void check_taken_once(void)
{
    assert_int_equal(removals, 1);
    assert_false(ep__arena_set_has(shared, SET, 5));
    check_members();
}

static void of_several_removals_one_has_taken_the_member(void)
{
    play(&(struct scene){begin_with_one_to_take, take_5, take_5, take_5, check_taken_once});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(an_empty_set_has_no_next),
        alone(next_is_the_lowest_member_from_there_on),
        alone(a_member_is_removed_once),
        alone(a_set_that_becomes_empty_clears_its_words_above),
        alone(sets_do_not_see_each_other),
        alone(bits_above_an_empty_leaf_are_passed_over),
        alone(adding_a_member_again_shows_it_again),
        alone(a_set_is_a_set_whatever_is_done_with_it),
        alone(what_is_added_beside_a_removal_is_found),
        alone(what_is_added_beside_a_search_is_found),
        alone(of_several_removals_one_has_taken_the_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
