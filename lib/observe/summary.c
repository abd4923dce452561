/* The profile in words. */
#include "observe/summary.h"

#include "observe/draw.h"
#include "observe/stack_table.h"

enum { NUMBER_WIDTH = 16 };

static void put_amount(struct stream *stream, uint64_t number, const char *unit)
{
    ep__stream_put_thousands(stream, number, NUMBER_WIDTH);
    ep__stream_put(stream, unit);
}

static uint64_t blocks_of(struct amounts amounts)
{
    return (amounts.units + EP__WEIGHT_ONE / 2) / EP__WEIGHT_ONE;
}

static void add(struct amounts *sum, struct amounts more)
{
    sum->samples += more.samples;
    sum->sampled_bytes += more.sampled_bytes;
    sum->units += more.units;
    sum->bytes += more.bytes;
}

static void put_line(struct stream *stream, const char *name, struct amounts amounts)
{
    ep__stream_put_padded(stream, name, 24);
    put_amount(stream, amounts.bytes, " bytes");
    put_amount(stream, blocks_of(amounts), " blocks");
    put_amount(stream, amounts.samples, " samples\n");
}

static void put_totals(struct stream *stream, enum ep__profile_kind kind)
{
    struct amounts allocated = {0};
    struct amounts in_use = {0};
    struct tally *site;
    uint32_t i = 0;
    while ((site = ep__tally_next(&ep__profile_sites, &i)) != NULL) {
        add(&allocated, ep__profile_allocated(site));
        add(&in_use, ep__profile_in_use(site, kind));
    }
    put_line(stream, "allocated", allocated);
    put_line(stream, "in use", in_use);
}

static void put_threads(struct stream *stream)
{
    struct tally *thread;
    uint32_t i = 0;
    ep__stream_put(stream, "\nby thread: allocated, and of that in use\n");
    while ((thread = ep__tally_next(&ep__profile_threads, &i)) != NULL) {
        ep__stream_put_dec(stream, ep__tally_key(thread) - 1);
        put_line(stream, "  allocated", ep__profile_allocated(thread));
        put_line(stream, "  in use", ep__profile_in_use(thread, EP__PROFILE_HEAP));
    }
}

/* 2^i ns in a unit of three digits at most. */
static void put_time(struct stream *stream, unsigned i)
{
    static const char *const units[] = {" ns", " us", " ms", " s"};
    uint64_t time = (uint64_t)1 << i;
    unsigned unit = 0;
    for (; time >= 1000 && unit < 3; unit++)
        time /= 1000;
    ep__stream_put_right(stream, time, 8);
    ep__stream_put(stream, units[unit]);
}

static void put_lifetimes(struct stream *stream)
{
    ep__stream_put(stream, "\nlifetimes of what was freed: from, blocks\n");
    for (unsigned i = 0; i < EP__LIFETIMES; i++) {
        uint64_t units = ep__profile_lifetime(i);
        if (units == 0)
            continue;
        put_time(stream, i);
        put_amount(stream, units / EP__WEIGHT_ONE, "\n");
    }
}

void ep__summary_put(struct stream *stream, enum ep__profile_kind kind, uint64_t interval)
{
    ep__stream_put(stream, "epmalloc profile, one sample in ");
    ep__stream_put_thousands(stream, interval, 0);
    ep__stream_put(stream, " bytes\n");
    put_totals(stream, kind);
    ep__stream_put(stream, "biggest heap            ");
    put_amount(stream, ep__profile_peak_bytes(), " bytes\n");
    put_lifetimes(stream);
    put_threads(stream);
}
