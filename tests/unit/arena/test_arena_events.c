/* An arena's changes: lib/arena/arena_events.c. */
#include "unit/events.h"

#include "arena/arena_events.h"
#include "unit/arenas.h"

/* Each event's number is one more than the last one's, and each finds in its word what the last one left. */
static void follows(unsigned count)
{
    uint64_t word = 0;
    uint64_t touched = 0;
    uint64_t bucket = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct event *event = &read_events[i];
        assert_int_equal(event->number, i);
        assert_int_equal(event->span, 0);
        switch (event->kind) {
        case EP__EVENT_ARENA_MOVED:
            assert_int_equal(event->before, bucket);
            bucket = event->after;
            break;
        case EP__EVENT_SLOTS_TOUCHED:
        case EP__EVENT_SLOTS_PURGED:
            assert_int_equal(event->before, touched);
            touched = event->after;
            break;
        default:
            assert_int_equal(event->before, word);
            word = event->after;
        }
    }
}

static void an_arenas_life_is_told_without_a_gap(void)
{
    assert_int_equal(ep__event_start(-1), 0);
    keep_everything();
    struct arena *arena = make_arena();
    release_slots(arena, ~UINT64_C(0));
    (void)ep__retire_purge_all(NULL);
    assert_false(is_in_use(arena));
    assert_ptr_equal(make_arena(), arena);
    unsigned count = take_events();
    follows(count);
    assert_int_equal(one_event(count, EP__EVENT_ARENA_BEGUN)->number, 0);
    assert_non_null(nth_event(count, EP__EVENT_ARENA_CREATED, 1));
    assert_int_equal(one_event(count, EP__EVENT_ARENA_RETIRED)->before, ~UINT64_C(0));
    assert_non_null(one_event(count, EP__EVENT_ARENA_TAKEN_AGAIN));
    assert_int_equal(one_event(count, EP__EVENT_SLOTS_PURGED)->before, ~UINT64_C(0));
    assert_non_null(nth_event(count, EP__EVENT_SLOTS_GIVEN, 63));
    assert_int_equal(count, ep__load_relaxed(&arena->events));
}

static void a_failed_take_is_not_told(void)
{
    struct arena *arena = make_arena();
    assert_int_equal(ep__event_start(-1), 0);
    assert_int_equal(ep__arena_take_free(arena, ~UINT64_C(0)), 0);
    assert_false(ep__arena_acquire_at(arena, 3, 4));
    assert_int_equal(take_events(), 0);
    assert_int_equal(ep__load_relaxed(&arena->events), 0);
}

static void what_lies_between_since_and_number_is_told(void)
{
    struct arena *arena = make_arena();
    assert_int_equal(ep__event_start(-1), 0);
    uint64_t since = ep__arena_events_since(arena);
    ep__arena_release(arena, 0, 1);
    ep__arena_events_tell(arena, EP__EVENT_SLOTS_TAKEN, since, (struct change){1, 0});
    const struct event *told = one_event(take_events(), EP__EVENT_SLOTS_TAKEN);
    assert_int_equal(told->number - told->span, since);
    assert_true(told->span > 0);
    ep__arena_events_tell(arena, EP__EVENT_SLOTS_TAKEN, since - 70000, (struct change){1, 0});
    assert_int_equal(one_event(take_events(), EP__EVENT_SLOTS_TAKEN)->span, EP__SPAN_UNKNOWN);
}

static void what_is_seen_has_a_number_of_its_own(void)
{
    struct arena *arena = make_arena();
    uint64_t since = ep__arena_events_since(arena);
    struct event event = ep__arena_events_see(arena, EP__EVENT_SEEN_SLOTS, since, 5);
    assert_int_equal(event.number, since);
    assert_int_equal(event.before, 5);
    assert_int_equal(event.after, 5);
    assert_int_equal(ep__arena_events_since(arena), since + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(an_arenas_life_is_told_without_a_gap),
        alone(a_failed_take_is_not_told),
        alone(what_lies_between_since_and_number_is_told),
        alone(what_is_seen_has_a_number_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
