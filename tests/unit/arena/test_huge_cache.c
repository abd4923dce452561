/* The cache of huge mappings: lib/arena/huge_cache.c.  It never looks into a mapping, so the mappings here are
 * addresses that nobody has mapped. */
#include "unit/alone.h"

#include "arena/huge_cache.h"

#define MIB ((size_t)1 << 20)
#define TIB ((size_t)1 << 40)
#define AREA ((uintptr_t)1 << 40)

static struct mapping mapping_at(size_t offset, size_t bytes)
{
    struct mapping mapping = {(char *)(AREA + offset), bytes};
    return mapping;
}

static bool put(size_t offset, size_t bytes)
{
    struct mapping mapping = mapping_at(offset, bytes);
    return ep__huge_cache_put(&mapping);
}

static void assert_got(struct mapping got, size_t offset, size_t bytes)
{
    assert_int_equal((uintptr_t)got.start - AREA, offset);
    assert_int_equal(got.bytes, bytes);
}

static void an_empty_cache_has_nothing(void)
{
    struct mapping got;
    assert_false(ep__huge_cache_take(MIB, &got));
    assert_false(ep__huge_cache_take_biggest(&got));
    assert_int_equal(ep__huge_cache_bytes(), 0);
}

static void what_was_put_is_taken_once(void)
{
    struct mapping got;
    assert_true(put(0, 3 * MIB));
    assert_int_equal(ep__huge_cache_bytes(), 3 * MIB);
    assert_true(ep__huge_cache_take(3 * MIB, &got));
    assert_got(got, 0, 3 * MIB);
    assert_int_equal(ep__huge_cache_bytes(), 0);
    assert_false(ep__huge_cache_take(3 * MIB, &got));
}

static void the_smallest_that_is_big_enough_is_taken(void)
{
    struct mapping got;
    assert_true(put(0, 20 * MIB));
    assert_true(put(100 * MIB, 5 * MIB));
    assert_true(put(200 * MIB, 6 * MIB));
    assert_true(put(300 * MIB, 4 * MIB));
    assert_true(ep__huge_cache_take(5 * MIB - 4096, &got));
    assert_got(got, 100 * MIB, 5 * MIB);
    assert_true(ep__huge_cache_take(5 * MIB, &got));
    assert_got(got, 200 * MIB, 6 * MIB);
    assert_false(ep__huge_cache_take(21 * MIB, &got));
    assert_int_equal(ep__huge_cache_bytes(), 24 * MIB);
}

static void much_too_much_is_cut_off_and_stays(void)
{
    struct mapping got;
    assert_true(put(0, 16 * MIB));
    assert_true(ep__huge_cache_take(4 * MIB, &got));
    assert_int_equal(got.bytes, 4 * MIB);
    assert_int_equal(ep__huge_cache_bytes(), 12 * MIB);
    struct mapping rest;
    assert_true(ep__huge_cache_take(12 * MIB, &rest));
    assert_int_equal(rest.bytes, 12 * MIB);
    assert_true(rest.start + rest.bytes <= got.start || got.start + got.bytes <= rest.start);
    assert_in_range((uintptr_t)rest.start, AREA, AREA + 16 * MIB);
}

static void a_little_too_much_stays_with_the_taker(void)
{
    struct mapping got;
    assert_true(put(0, 10 * MIB));
    assert_true(ep__huge_cache_take(9 * MIB, &got));
    assert_got(got, 0, 10 * MIB);
    assert_int_equal(ep__huge_cache_bytes(), 0);
}

static void the_biggest_is_taken_whole(void)
{
    struct mapping got;
    assert_true(put(100 * MIB, 3 * MIB));
    assert_true(put(200 * MIB, 30 * MIB));
    assert_true(put(0, 7 * MIB));
    assert_true(ep__huge_cache_take_biggest(&got));
    assert_got(got, 200 * MIB, 30 * MIB);
    assert_true(ep__huge_cache_take_biggest(&got));
    assert_got(got, 0, 7 * MIB);
    assert_int_equal(ep__huge_cache_bytes(), 3 * MIB);
}

static void neighbours_are_joined(void)
{
    struct mapping got;
    assert_true(put(0, 2 * MIB));
    assert_true(put(4 * MIB, 2 * MIB));
    assert_false(ep__huge_cache_take(3 * MIB, &got));
    assert_true(put(2 * MIB, 2 * MIB));
    assert_int_equal(ep__huge_cache_bytes(), 6 * MIB);
    assert_true(ep__huge_cache_take(6 * MIB, &got));
    assert_got(got, 0, 6 * MIB);
}

static void a_full_cache_keeps_no_more(void)
{
    struct mapping got;
    size_t kept = 0;
    while (put(kept * 10 * MIB, 2 * MIB))
        kept++;
    assert_true(kept >= 1);
    struct mapping refused = mapping_at(kept * 10 * MIB, 2 * MIB);
    assert_false(ep__huge_cache_put(&refused));
    assert_got(refused, kept * 10 * MIB, 2 * MIB);
    assert_int_equal(ep__huge_cache_bytes(), kept * 2 * MIB);
    /* A neighbour needs no place of its own. */
    assert_true(put(2 * MIB, MIB));
    assert_true(ep__huge_cache_take_biggest(&got));
    assert_got(got, 0, 3 * MIB);
    assert_true(put(kept * 10 * MIB, 2 * MIB));
    for (size_t i = 0; i < kept; i++)
        assert_true(ep__huge_cache_take_biggest(&got));
    assert_int_equal(ep__huge_cache_bytes(), 0);
}

static void in_a_full_cache_nothing_is_cut_off(void)
{
    struct mapping got;
    size_t kept = 0;
    while (put(kept * 10 * MIB, 2 * MIB))
        kept++;
    assert_true(put(2 * MIB, 6 * MIB));
    assert_int_equal(ep__huge_cache_bytes(), kept * 2 * MIB + 6 * MIB);
    assert_true(ep__huge_cache_take(4 * MIB, &got));
    size_t rest = 8 * MIB - got.bytes;
    assert_int_equal(ep__huge_cache_bytes(), (kept - 1) * 2 * MIB + rest);
    assert_true(got.bytes == 4 * MIB || got.bytes == 8 * MIB);
}

static void what_no_word_can_describe_is_refused(void)
{
    struct mapping long_one = mapping_at(0, TIB + 4096);
    assert_false(ep__huge_cache_put(&long_one));
    assert_got(long_one, 0, TIB + 4096);
    struct mapping far_one = {(char *)((uintptr_t)1 << 52), 2 * MIB};
    assert_false(ep__huge_cache_put(&far_one));
    assert_int_equal(ep__huge_cache_bytes(), 0);
}

static void a_refused_mapping_brings_its_neighbours_along(void)
{
    struct mapping got;
    assert_true(put(0, TIB / 4 * 3));
    struct mapping joined = mapping_at(TIB / 4 * 3, TIB / 4 * 3);
    assert_false(ep__huge_cache_put(&joined));
    assert_got(joined, 0, TIB / 2 * 3);
    assert_int_equal(ep__huge_cache_bytes(), 0);
    assert_false(ep__huge_cache_take_biggest(&got));
}

enum { UNITS = 512, STEPS = 20000 };
#define UNIT_BYTES (MIB / 2)

/* Who has each unit of the area: the cache, or the mapping that starts at the unit named here. */
static unsigned owners[UNITS];
static size_t lengths[UNITS];
enum { CACHED = UNITS };

static void hold(struct mapping got)
{
    size_t first = ((uintptr_t)got.start - AREA) / UNIT_BYTES;
    size_t count = got.bytes / UNIT_BYTES;
    assert_int_equal(got.bytes % UNIT_BYTES, 0);
    assert_true(count >= 1 && first + count <= UNITS);
    for (size_t i = first; i < first + count; i++) {
        assert_int_equal(owners[i], CACHED);
        owners[i] = (unsigned)first;
    }
    lengths[first] = count;
}

static void give(unsigned unit)
{
    unsigned first = owners[unit];
    struct mapping mapping = mapping_at(first * UNIT_BYTES, lengths[first] * UNIT_BYTES);
    bool is_kept = ep__huge_cache_put(&mapping);
    size_t from = ((uintptr_t)mapping.start - AREA) / UNIT_BYTES;
    for (size_t i = from; i < from + mapping.bytes / UNIT_BYTES; i++)
        owners[i] = CACHED;
    if (!is_kept)
        hold(mapping);
}

static void no_byte_is_lost_or_given_out_twice(void)
{
    uint64_t random = 7;
    for (unsigned i = 0; i < UNITS; i++)
        owners[i] = CACHED;
    assert_true(put(0, UNITS * UNIT_BYTES));
    for (unsigned step = 0; step < STEPS; step++) {
        struct mapping got;
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        unsigned unit = (unsigned)(random >> 33) % UNITS;
        if (owners[unit] != CACHED)
            give(unit);
        else if (ep__huge_cache_take((1 + unit % 7) * UNIT_BYTES, &got))
            hold(got);
        size_t cached = 0;
        for (unsigned i = 0; i < UNITS; i++)
            cached += owners[i] == CACHED;
        assert_int_equal(ep__huge_cache_bytes(), cached * UNIT_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(an_empty_cache_has_nothing),
        alone(what_was_put_is_taken_once),
        alone(the_smallest_that_is_big_enough_is_taken),
        alone(much_too_much_is_cut_off_and_stays),
        alone(a_little_too_much_stays_with_the_taker),
        alone(the_biggest_is_taken_whole),
        alone(neighbours_are_joined),
        alone(a_full_cache_keeps_no_more),
        alone(in_a_full_cache_nothing_is_cut_off),
        alone(what_no_word_can_describe_is_refused),
        alone(a_refused_mapping_brings_its_neighbours_along),
        alone(no_byte_is_lost_or_given_out_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
