/* The stack table: lib/observe/stack_table.c. */
#include "unit/alone.h"

#include <pthread.h>

#include "fake/vm_failing.h"
#include "observe/stack_table.h"
#include "sys/atomic.h"

enum { FRAMES = 64, THREADS = 4, STACKS = 2000 };

static uintptr_t frames[FRAMES];

static void fill(uintptr_t seed, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        frames[i] = seed * 1000 + i;
}

static void the_same_stack_has_the_same_number(void)
{
    uint32_t numbers[FRAMES + 1];
    for (unsigned count = 1; count <= FRAMES; count++) {
        fill(count, count);
        numbers[count] = ep__stack_table_keep(frames, count);
        assert_int_not_equal(numbers[count], 0);
        for (unsigned i = 1; i < count; i++)
            assert_int_not_equal(numbers[i], numbers[count]);
    }
    for (unsigned count = 1; count <= FRAMES; count++) {
        unsigned kept;
        fill(count, count);
        assert_int_equal(ep__stack_table_keep(frames, count), numbers[count]);
        const uintptr_t *there = ep__stack_table_frames(numbers[count], &kept);
        assert_int_equal(kept, count);
        assert_memory_equal(there, frames, count * sizeof *frames);
    }
    assert_int_equal(ep__stack_table_lost(), 0);
}

static void a_stack_is_not_the_beginning_of_a_longer_one(void)
{
    fill(1, 3);
    uint32_t longer = ep__stack_table_keep(frames, 3);
    assert_int_not_equal(ep__stack_table_keep(frames, 2), longer);
}

static void no_frames_and_no_memory_have_number_0(void)
{
    unsigned count = 4711;
    assert_int_equal(ep__stack_table_keep(frames, 0), 0);
    assert_null(ep__stack_table_frames(0, &count));
    assert_int_equal(count, 0);
    assert_int_equal(ep__stack_table_bytes(), 0);
    vm_failing_plan(1, 1);
    fill(1, 2);
    assert_int_equal(ep__stack_table_keep(frames, 2), 0);
    assert_int_equal(ep__stack_table_lost(), 1);
    assert_int_not_equal(ep__stack_table_keep(frames, 2), 0);
}

static void what_does_not_fit_is_counted_and_the_rest_stays(void)
{
    fill(1, FRAMES);
    uint32_t first = ep__stack_table_keep(frames, FRAMES);
    unsigned kept = 1;
    unsigned count;
    for (uintptr_t seed = 2; ep__stack_table_lost() < 100; seed++) {
        fill(seed, FRAMES);
        kept += ep__stack_table_keep(frames, FRAMES) != 0;
    }
    assert_in_range(kept, 50000, 70000);
    assert_in_range(ep__stack_table_bytes(), 30 << 20, 32 << 20);
    fill(1, FRAMES);
    assert_int_equal(ep__stack_table_keep(frames, FRAMES), first);
    assert_memory_equal(ep__stack_table_frames(first, &count), frames, sizeof frames);
}

static uint32_t numbers[THREADS][STACKS];

static void *keep_all(void *mine)
{
    for (uintptr_t i = 0; i < STACKS; i++) {
        uintptr_t stack[3] = {i, i + 1, i + 2};
        ((uint32_t *)mine)[i] = ep__stack_table_keep(stack, 3);
    }
    return NULL;
}

static void threads_that_keep_the_same_stack_get_the_same_number(void)
{
    pthread_t threads[THREADS];
    unsigned count;
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, keep_all, numbers[i]), 0);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (uintptr_t i = 0; i < STACKS; i++) {
        for (unsigned j = 0; j < THREADS; j++)
            assert_int_equal(numbers[j][i], numbers[0][i]);
        assert_int_equal(ep__stack_table_frames(numbers[0][i], &count)[0], i);
        assert_int_equal(count, 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(the_same_stack_has_the_same_number),
        alone(a_stack_is_not_the_beginning_of_a_longer_one),
        alone(no_frames_and_no_memory_have_number_0),
        alone(what_does_not_fit_is_counted_and_the_rest_stays),
        alone(threads_that_keep_the_same_stack_get_the_same_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
