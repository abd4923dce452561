/* Records: lib/cache/record.c. */
#include "unit/alone.h"

#include "cache/record.h"
#include "fake/vm_failing.h"
#include <pthread.h>

enum { SLOT = 1 << EP__SLOT_LOG2, ROUNDS = 20000 };

static char *const place = (char *)(UINT64_C(0x7f12) << 32);

static struct tracked values(uint64_t number)
{
    return (struct tracked){.address = place + number,
                            .size = number,
                            .serial = number,
                            .time_ns = number,
                            .weight = number,
                            .thread = (uint32_t)number,
                            .stack = (uint32_t)number,
                            .front = 16,
                            .flags = EP__TRACKED_EXACT};
}

static void a_record_says_what_was_written(void)
{
    struct tracked written = values(7);
    struct tracked read;
    assert_null(ep__record_find(place, 0));
    struct tracked_record *record = ep__record_make(place, 0);
    assert_ptr_equal(ep__record_find(place, 0), record);
    assert_false(ep__record_read(record, &read));
    ep__record_begin(record, &written);
    assert_true(ep__record_read(record, &read));
    assert_memory_equal(&read, &written, offsetof(struct tracked, state));
    assert_int_equal(read.state, EP__RECORD_LIVE);
}

static void each_block_has_a_record_of_its_own(void)
{
    struct tracked_record *first = ep__record_make(place, 0);
    assert_ptr_not_equal(first, ep__record_make(place, 1));
    assert_ptr_not_equal(first, ep__record_make(place + SLOT, 0));
    assert_ptr_not_equal(first, ep__record_make(place + EP__ARENA_BYTES, 0));
    assert_ptr_not_equal(first, ep__record_make(place + (EP__ARENA_BYTES << 13), 0));
    assert_ptr_equal(first, ep__record_make(place + SLOT - 1, 0));
    assert_null(ep__record_make((void *)UINTPTR_MAX, 0));
    assert_null(ep__record_find((void *)UINTPTR_MAX, 0));
}

static void one_of_two_ends_wins(void)
{
    struct tracked written = values(9);
    struct tracked copy;
    struct tracked_record *record = ep__record_make(place, 3);
    ep__record_begin(record, &written);
    assert_true(ep__record_end(record, EP__RECORD_KEPT, &copy));
    assert_int_equal(copy.serial, 9);
    assert_false(ep__record_end(record, EP__RECORD_NONE, &copy));
    ep__record_note_free(record, 11, 12);
    assert_true(ep__record_read(record, &copy));
    assert_int_equal(copy.state, EP__RECORD_KEPT);
    assert_int_equal(copy.free_thread, 11);
    assert_int_equal(copy.free_stack, 12);
    assert_true(ep__record_drop(record));
    assert_false(ep__record_drop(record));
    assert_false(ep__record_read(record, &copy));
    assert_int_equal(copy.serial, 9);
}

static int add_serial(const struct tracked *tracked, void *sum)
{
    *(uint64_t *)sum += tracked->serial;
    return 0;
}

static int end_at_once(const struct tracked *tracked, void *unused)
{
    (void)unused;
    return (int)tracked->serial;
}

static void every_record_that_is_something_is_visited_once(void)
{
    uint64_t sum = 0;
    struct tracked copy;
    for (uint64_t i = 0; i < 5; i++) {
        struct tracked written = values((uint64_t)1 << i);
        ep__record_begin(ep__record_make(place + i * SLOT * 70, (uint32_t)i * 100), &written);
    }
    assert_true(ep__record_end(ep__record_find(place, 0), EP__RECORD_NONE, &copy));
    assert_true(ep__record_end(ep__record_find(place + SLOT * 70, 100), EP__RECORD_KEPT, &copy));
    assert_int_equal(ep__record_each(add_serial, &sum), 0);
    assert_int_equal(sum, 2 + 4 + 8 + 16);
    assert_int_equal(ep__record_each(end_at_once, NULL), 2);
}

static void without_memory_there_is_no_record(void)
{
    for (unsigned refused = 1; refused <= 2; refused++) {
        vm_failing_plan(refused, UINT64_MAX);
        assert_null(ep__record_make(place, 0));
        assert_null(ep__record_find(place, 0));
    }
    vm_failing_plan(0, 0);
    assert_non_null(ep__record_make(place, 0));
}

/* One thread lets a record live and die, the other must never be told of two lives at once. */
static void *live_and_die(void *argument)
{
    struct tracked_record *record = argument;
    struct tracked copy;
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        struct tracked written = values(i);
        ep__record_begin(record, &written);
        assert_true(ep__record_end(record, EP__RECORD_NONE, &copy));
    }
    return NULL;
}

static void a_reader_sees_one_life(void)
{
    pthread_t thread;
    struct tracked copy;
    struct tracked_record *record = ep__record_make(place, 0);
    assert_int_equal(pthread_create(&thread, NULL, live_and_die, record), 0);
    do {
        (void)ep__record_read(record, &copy);
        assert_int_equal(copy.serial, copy.size);
        assert_int_equal(copy.serial, copy.weight);
        assert_int_equal(copy.serial, copy.time_ns);
        assert_int_equal(copy.serial, copy.stack);
    } while (copy.serial != ROUNDS);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_record_says_what_was_written),
        alone(each_block_has_a_record_of_its_own),
        alone(one_of_two_ends_wins),
        alone(every_record_that_is_something_is_visited_once),
        alone(without_memory_there_is_no_record),
        alone(a_reader_sees_one_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
