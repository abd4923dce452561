/* USDT probes: lib/sys/probes.c.  That the library has the notes of all of them is tests/trace/probes.py's. */
#include "unit/alone.h"

#include "sys/event_ring.h"
#include "sys/probes.h"

/* As the kernel and debuggers do it. */
static void count_watchers(enum ep__event_kind kind, int more)
{
    uint16_t *semaphore = (uint16_t *)(void *)&ep__event_points[kind];
    *semaphore = (uint16_t)(*semaphore + more);
}

static void who_watches_a_probe_makes_its_kind_wanted_and_no_other(void)
{
    count_watchers(EP__EVENT_POOL_FULL, 2);
    assert_true(ep__event_is_wanted(EP__EVENT_POOL_FULL));
    assert_false(ep__event_is_recorded(EP__EVENT_POOL_FULL));
    assert_false(ep__event_is_wanted(EP__EVENT_POOL_PARTIAL));
    count_watchers(EP__EVENT_POOL_FULL, -2);
    assert_false(ep__event_is_wanted(EP__EVENT_POOL_FULL));
}

static void watching_and_recording_do_not_disturb_each_other(void)
{
    count_watchers(EP__EVENT_POOL_FULL, 1);
    assert_int_equal(ep__event_start(-1), 0);
    assert_true(ep__event_is_recorded(EP__EVENT_POOL_FULL));
    ep__event_stop();
    assert_true(ep__event_is_wanted(EP__EVENT_POOL_FULL));
    count_watchers(EP__EVENT_POOL_FULL, -1);
    assert_false(ep__event_is_wanted(EP__EVENT_POOL_FULL));
}

static void what_is_only_watched_is_not_recorded(void)
{
    struct event event = {.kind = EP__EVENT_POOL_FULL};
    count_watchers(EP__EVENT_POOL_FULL, 1);
    ep__event_tell(&event);
    assert_null(ep__event_rings());
}

static void every_kind_fires_without_a_watcher(void)
{
    for (unsigned kind = 0; kind < EP__EVENT_KINDS; kind++)
        ep__probe_fire(&(struct event){.kind = (uint8_t)kind});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(who_watches_a_probe_makes_its_kind_wanted_and_no_other),
        alone(watching_and_recording_do_not_disturb_each_other),
        alone(what_is_only_watched_is_not_recorded),
        alone(every_kind_fires_without_a_watcher),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
