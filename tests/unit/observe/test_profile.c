/* Profiles: lib/observe/profile.c. */
#include "unit/alone.h"

#include "observe/draw.h"
#include "observe/profile.h"
#include "pool/size_class.h"

enum { INTERVAL = 1 << 19 };

static struct sample sample_of(uint32_t stack, uint64_t bytes)
{
    return (struct sample){stack, 4711, bytes, INTERVAL};
}

static struct tally *only_site(void)
{
    uint32_t i = 0;
    struct tally *site = ep__tally_next(&ep__profile_sites, &i);
    assert_non_null(site);
    assert_null(ep__tally_next(&ep__profile_sites, &i));
    return site;
}

static void a_sample_is_in_use_until_it_ends(void)
{
    struct sample sample = sample_of(9, 64);
    uint64_t weight = ep__draw_weight(64, INTERVAL);
    ep__profile_add(&sample);
    ep__profile_add(&sample);
    ep__profile_end(&sample, 1000);
    struct tally *site = only_site();
    assert_int_equal(ep__profile_stack(site), 9);
    struct amounts allocated = ep__profile_allocated(site);
    struct amounts in_use = ep__profile_in_use(site, EP__PROFILE_HEAP);
    assert_int_equal(allocated.samples, 2);
    assert_int_equal(allocated.sampled_bytes, 128);
    assert_int_equal(allocated.units, 2 * weight);
    assert_int_equal(in_use.samples, 1);
    assert_int_equal(in_use.bytes, ep__draw_weigh(64, weight));
    assert_int_equal(ep__profile_bytes(), in_use.bytes);
    assert_int_equal(ep__profile_lifetime(9), weight);
    uint32_t i = 0;
    assert_int_equal(ep__tally_key(ep__tally_next(&ep__profile_threads, &i)) - 1, 4711);
}

static void a_site_has_samples_of_like_sizes_only(void)
{
    struct sample small = sample_of(9, 64);
    struct sample bigger = sample_of(9, 80);
    ep__profile_add(&small);
    ep__profile_add(&bigger);
    uint32_t i = 0;
    assert_non_null(ep__tally_next(&ep__profile_sites, &i));
    assert_non_null(ep__tally_next(&ep__profile_sites, &i));
    /* Groups ascend, and above the classes differ by an eighth at most. */
    unsigned last = 0;
    uint64_t first_of_group = 0;
    for (uint64_t bytes = 1; bytes < (uint64_t)1 << 46; bytes += bytes / 20 + 1) {
        unsigned group = ep__profile_group(bytes);
        assert_true(group >= last && group < EP__SITE_GROUPS);
        if (group != last)
            first_of_group = bytes;
        if (bytes > EP__CLASS_BYTES_MAX)
            assert_true(bytes - first_of_group <= bytes / 8);
        last = group;
    }
}

static void the_peak_is_kept_after_the_frees(void)
{
    struct sample sample = sample_of(9, 1 << 20);
    for (unsigned i = 0; i < 100; i++)
        ep__profile_add(&sample);
    uint64_t peak = ep__profile_peak_bytes();
    for (unsigned i = 0; i < 100; i++)
        ep__profile_end(&sample, 1);
    assert_int_equal(ep__profile_bytes(), 0);
    struct amounts at_peak = ep__profile_in_use(only_site(), EP__PROFILE_PEAK);
    assert_int_equal(at_peak.bytes, peak);
    assert_in_range(at_peak.samples, 94, 100);
}

static void growth_is_what_came_after_the_mark(void)
{
    struct sample sample = sample_of(9, 64);
    ep__profile_add(&sample);
    ep__profile_mark();
    assert_int_equal(ep__profile_in_use(only_site(), EP__PROFILE_GROWTH).samples, 0);
    ep__profile_add(&sample);
    ep__profile_add(&sample);
    assert_int_equal(ep__profile_in_use(only_site(), EP__PROFILE_GROWTH).samples, 2);
    for (unsigned i = 0; i < 3; i++)
        ep__profile_end(&sample, 1);
    assert_int_equal(ep__profile_in_use(only_site(), EP__PROFILE_GROWTH).samples, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_sample_is_in_use_until_it_ends),
        alone(a_site_has_samples_of_like_sizes_only),
        alone(the_peak_is_kept_after_the_frees),
        alone(growth_is_what_came_after_the_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
