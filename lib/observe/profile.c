/* The profile.  The argument stands in profile.h. */
#include "observe/profile.h"

#include "observe/draw.h"
#include "pool/size_class.h"
#include "sys/atomic.h"

struct tallies ep__profile_sites;
struct tallies ep__profile_threads;

static _Atomic(uint64_t) lifetimes[EP__LIFETIMES];
static _Atomic(uint64_t) bytes_now;
static _Atomic(uint64_t) bytes_peak;
static _Atomic(unsigned) is_copying;

unsigned ep__profile_group(uint64_t bytes)
{
    if (bytes <= EP__CLASS_BYTES_MAX)
        return bytes == 0 ? 0 : ep__size_class_of(bytes);
    unsigned doubling = ep__bits_highest(bytes);
    unsigned eighth = (unsigned)(bytes >> (doubling - 3)) & 7;
    return EP__CLASSES + (doubling - 15) * 8 + eighth;
}

/* Keys are not 0: a group stands one higher in it. */
static struct tally *site_of(const struct sample *sample)
{
    uint64_t key = (uint64_t)sample->stack << 32 | (ep__profile_group(sample->bytes) + 1);
    return ep__tally_of(&ep__profile_sites, key);
}

static struct tally *thread_of(const struct sample *sample)
{
    return ep__tally_of(&ep__profile_threads, (uint64_t)sample->thread + 1);
}

/* Adds a sample to four sums, the first of which is `first`. */
static void add(struct tally *tally, unsigned first, const struct sample *sample)
{
    uint64_t units = ep__draw_weight(sample->bytes, sample->interval);
    ep__tally_add(tally, first, 1);
    ep__tally_add(tally, first + 1, sample->bytes);
    ep__tally_add(tally, first + 2, units);
    ep__tally_add(tally, first + 3, ep__draw_weigh(sample->bytes, units));
}

uint64_t ep__profile_weight(const struct sample *sample)
{
    return ep__draw_weigh(sample->bytes, ep__draw_weight(sample->bytes, sample->interval));
}

static void copy_site(struct tally *site)
{
    for (unsigned i = 0; i < 4; i++) {
        uint64_t freed = ep__tally_get(site, EP__FREED + i);
        uint64_t allocated = ep__tally_get(site, EP__ALLOCATED + i);
        ep__tally_set(site, EP__PEAK + i, allocated > freed ? allocated - freed : 0);
    }
}

static void copy_peak(uint64_t now)
{
    struct tally *site;
    uint32_t i = 0;
    /* order: acq_rel PKC -- pairs with the release below; one copy after the other */
    if (ep__exchange_acq_rel(&is_copying, 1) != 0)
        return;
    while ((site = ep__tally_next(&ep__profile_sites, &i)) != NULL)
        copy_site(site);
    /* order: relaxed -- statistics */
    ep__store_relaxed(&bytes_peak, now);
    /* order: release PKC -- pairs with the exchange above */
    ep__store_release(&is_copying, 0);
}

void ep__profile_add(const struct sample *sample)
{
    uint64_t weight = ep__profile_weight(sample);
    add(site_of(sample), EP__ALLOCATED, sample);
    add(thread_of(sample), EP__ALLOCATED, sample);
    /* order: relaxed -- statistics */
    uint64_t now = ep__fetch_add_relaxed(&bytes_now, weight) + weight;
    uint64_t peak = ep__profile_peak_bytes();
    if (now > peak + peak / 16)
        copy_peak(now);
}

void ep__profile_end(const struct sample *sample, uint64_t lived_ns)
{
    add(site_of(sample), EP__FREED, sample);
    add(thread_of(sample), EP__FREED, sample);
    /* order: relaxed -- statistics */
    ep__fetch_sub_relaxed(&bytes_now, ep__profile_weight(sample));
    unsigned i = ep__bits_highest(lived_ns | 1);
    /* order: relaxed -- statistics */
    ep__fetch_add_relaxed(&lifetimes[i < EP__LIFETIMES ? i : EP__LIFETIMES - 1],
                          ep__draw_weight(sample->bytes, sample->interval));
}

/* Four sums from `first` on. */
static struct amounts get(struct tally *tally, unsigned first)
{
    return (struct amounts){ep__tally_get(tally, first), ep__tally_get(tally, first + 1),
                            ep__tally_get(tally, first + 2), ep__tally_get(tally, first + 3)};
}

static uint64_t above(uint64_t more, uint64_t less)
{
    return more > less ? more - less : 0;
}

static struct amounts subtract(struct amounts from, struct amounts what)
{
    return (struct amounts){above(from.samples, what.samples),
                            above(from.sampled_bytes, what.sampled_bytes),
                            above(from.units, what.units), above(from.bytes, what.bytes)};
}

struct amounts ep__profile_allocated(struct tally *tally)
{
    return get(tally, EP__ALLOCATED);
}

struct amounts ep__profile_in_use(struct tally *tally, enum ep__profile_kind kind)
{
    /* The frees first: a block that is freed meanwhile counts as in use, not as less than none. */
    struct amounts freed = get(tally, EP__FREED);
    struct amounts now = subtract(get(tally, EP__ALLOCATED), freed);
    if (kind == EP__PROFILE_PEAK)
        return get(tally, EP__PEAK);
    return kind == EP__PROFILE_GROWTH ? subtract(now, get(tally, EP__MARK)) : now;
}

void ep__profile_mark(void)
{
    struct tally *site;
    uint32_t i = 0;
    while ((site = ep__tally_next(&ep__profile_sites, &i)) != NULL) {
        struct amounts now = ep__profile_in_use(site, EP__PROFILE_HEAP);
        ep__tally_set(site, EP__MARK, now.samples);
        ep__tally_set(site, EP__MARK_BYTES, now.sampled_bytes);
        ep__tally_set(site, EP__MARK_UNITS, now.units);
        ep__tally_set(site, EP__MARK_WEIGHT, now.bytes);
    }
}

uint64_t ep__profile_bytes(void)
{
    /* order: relaxed -- statistics */
    return ep__load_relaxed(&bytes_now);
}

uint64_t ep__profile_peak_bytes(void)
{
    /* order: relaxed -- statistics */
    return ep__load_relaxed(&bytes_peak);
}

uint64_t ep__profile_lifetime(unsigned i)
{
    /* order: relaxed -- statistics */
    return ep__load_relaxed(&lifetimes[i]);
}
