/* Tallies: lib/observe/tally.c. */
#include "unit/alone.h"

#include <pthread.h>

#include "fake/vm_failing.h"
#include "observe/tally.h"

enum { THREADS = 4, KEYS = 1000 };

static struct tallies tallies;

static void a_key_has_one_tally_and_keeps_it(void)
{
    struct tally *first = ep__tally_of(&tallies, 7);
    assert_non_null(first);
    assert_int_equal(ep__tally_key(first), 7);
    assert_ptr_not_equal(ep__tally_of(&tallies, 8), first);
    assert_ptr_equal(ep__tally_of(&tallies, 7), first);
    ep__tally_add(first, EP__ALLOCATED, 3);
    ep__tally_add(first, EP__ALLOCATED, 4);
    ep__tally_add(NULL, EP__ALLOCATED, 4);
    assert_int_equal(ep__tally_get(first, EP__ALLOCATED), 7);
    assert_int_equal(ep__tally_get(first, EP__FREED), 0);
    ep__tally_set(first, EP__ALLOCATED, 1);
    assert_int_equal(ep__tally_get(first, EP__ALLOCATED), 1);
}

static unsigned count_all(void)
{
    unsigned count = 0;
    uint32_t i = 0;
    while (ep__tally_next(&tallies, &i) != NULL)
        count++;
    return count;
}

static void without_memory_samples_are_lost_and_counted(void)
{
    vm_failing_plan(1, 1);
    assert_int_equal(count_all(), 0);
    assert_null(ep__tally_of(&tallies, 7));
    assert_int_equal(tallies.lost, 1);
    assert_non_null(ep__tally_of(&tallies, 7));
}

static void a_full_table_takes_no_keys_but_still_finds_them(void)
{
    for (uint64_t key = 1; key <= EP__TALLIES; key++) {
        struct tally *tally = ep__tally_of(&tallies, key);
        assert_int_equal(tally != NULL, key <= EP__TALLIES / 4 * 3);
    }
    assert_int_equal(tallies.lost, EP__TALLIES / 4);
    assert_int_equal(count_all(), EP__TALLIES / 4 * 3);
    assert_non_null(ep__tally_of(&tallies, 1));
}

static void *add_all(void *unused)
{
    for (uint64_t key = 1; key <= KEYS; key++)
        ep__tally_add(ep__tally_of(&tallies, key * 65536), EP__FREED, key);
    return unused;
}

static void threads_add_to_the_same_tally(void)
{
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_all, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(count_all(), KEYS);
    for (uint64_t key = 1; key <= KEYS; key++)
        assert_int_equal(ep__tally_get(ep__tally_of(&tallies, key * 65536), EP__FREED),
                         THREADS * key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_key_has_one_tally_and_keeps_it),
        alone(without_memory_samples_are_lost_and_counted),
        alone(a_full_table_takes_no_keys_but_still_finds_them),
        alone(threads_add_to_the_same_tally),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
