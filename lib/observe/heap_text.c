/* Profiles as text.  The argument stands in heap_text.h. */
#include "observe/heap_text.h"

#include "observe/mappings.h"
#include "observe/stack_table.h"

struct counts {
    struct amounts in_use;
    struct amounts allocated;
};

static struct counts counts_of(struct tally *site, enum ep__profile_kind kind)
{
    return (struct counts){ep__profile_in_use(site, kind), ep__profile_allocated(site)};
}

static struct counts sum_up(enum ep__profile_kind kind)
{
    struct counts sum = {{0}, {0}};
    struct tally *site;
    uint32_t i = 0;
    while ((site = ep__tally_next(&ep__profile_sites, &i)) != NULL) {
        struct counts counts = counts_of(site, kind);
        sum.in_use.samples += counts.in_use.samples;
        sum.in_use.sampled_bytes += counts.in_use.sampled_bytes;
        sum.allocated.samples += counts.allocated.samples;
        sum.allocated.sampled_bytes += counts.allocated.sampled_bytes;
    }
    return sum;
}

/* "n: bytes [n: bytes]" */
static void put_counts(struct stream *stream, const struct counts *counts)
{
    ep__stream_put_dec(stream, counts->in_use.samples);
    ep__stream_put(stream, ": ");
    ep__stream_put_dec(stream, counts->in_use.sampled_bytes);
    ep__stream_put(stream, " [");
    ep__stream_put_dec(stream, counts->allocated.samples);
    ep__stream_put(stream, ": ");
    ep__stream_put_dec(stream, counts->allocated.sampled_bytes);
    ep__stream_put(stream, "]");
}

static void put_stack(struct stream *stream, uint32_t number)
{
    unsigned count;
    const uintptr_t *frames = ep__stack_table_frames(number, &count);
    ep__stream_put(stream, "@");
    for (unsigned i = 0; i < count; i++) {
        ep__stream_put(stream, " ");
        ep__stream_put_hex(stream, frames[i]);
    }
}

static void put_header(struct stream *stream, enum ep__heap_text form, const struct counts *sum,
                       uint64_t interval)
{
    if (form == EP__TEXT_GPERFTOOLS) {
        ep__stream_put(stream, "heap profile: ");
        put_counts(stream, sum);
        ep__stream_put(stream, " @ ");
    }
    ep__stream_put(stream, "heap_v2/");
    ep__stream_put_dec(stream, interval);
    if (form == EP__TEXT_JEMALLOC) {
        ep__stream_put(stream, "\n  t*: ");
        put_counts(stream, sum);
    }
    ep__stream_put(stream, "\n");
}

static void put_site(struct stream *stream, enum ep__heap_text form, uint32_t stack,
                     const struct counts *counts)
{
    if (form == EP__TEXT_JEMALLOC) {
        put_stack(stream, stack);
        ep__stream_put(stream, "\n  t*: ");
        put_counts(stream, counts);
    } else {
        put_counts(stream, counts);
        ep__stream_put(stream, " ");
        put_stack(stream, stack);
    }
    ep__stream_put(stream, "\n");
}

static int put_bytes(void *to, const char *bytes, size_t length)
{
    struct stream *stream = to;
    ep__stream_put_bytes(stream, bytes, length);
    return stream->failure;
}

void ep__heap_text_put(struct stream *stream, enum ep__heap_text form, enum ep__profile_kind kind,
                       uint64_t interval)
{
    struct counts counts = sum_up(kind);
    struct tally *site;
    uint32_t i = 0;
    put_header(stream, form, &counts, interval);
    while ((site = ep__tally_next(&ep__profile_sites, &i)) != NULL) {
        counts = counts_of(site, kind);
        if (counts.in_use.samples != 0 || counts.allocated.samples != 0)
            put_site(stream, form, ep__profile_stack(site), &counts);
    }
    ep__stream_put(stream, "\nMAPPED_LIBRARIES:\n");
    (void)ep__mappings_copy(put_bytes, stream);
}
