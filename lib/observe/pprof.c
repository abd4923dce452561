/* Profiles as pprof reads them.  The argument stands in pprof.h. */
#include "observe/pprof.h"

#include <errno.h>
#include <string.h>

#include "observe/draw.h"
#include "observe/gzip.h"
#include "observe/mappings.h"
#include "observe/protobuf.h"
#include "observe/stack.h"
#include "observe/stack_table.h"
#include "sys/bits.h"
#include "sys/clock.h"
#include "sys/vm.h"

/* Numbers of fields. */
enum { PROFILE_SAMPLE_TYPE = 1, PROFILE_SAMPLE, PROFILE_MAPPING, PROFILE_LOCATION };
enum { PROFILE_STRINGS = 6, PROFILE_TIME = 9, PROFILE_PERIOD_TYPE = 11, PROFILE_PERIOD = 12 };
enum { PROFILE_DEFAULT_TYPE = 14 };
enum { TYPE_NAME = 1, TYPE_UNIT };
enum { SAMPLE_LOCATIONS = 1, SAMPLE_VALUES, SAMPLE_LABEL };
enum { LABEL_KEY = 1, LABEL_NUMBER = 3, LABEL_UNIT };
enum { MAPPING_ID = 1, MAPPING_START, MAPPING_LIMIT, MAPPING_OFFSET, MAPPING_FILE, MAPPING_BUILD };
enum { LOCATION_ID = 1, LOCATION_MAPPING, LOCATION_ADDRESS };

/* Strings by number; the mappings' follow. */
static const char *const names[] = {"",      "alloc_objects", "count",       "alloc_space",
                                    "bytes", "inuse_objects", "inuse_space", "space"};
enum { COUNT = 2, ALLOC_SPACE, BYTES, INUSE_OBJECTS, INUSE_SPACE, SPACE, NAMES };

enum { MAPPINGS_MAX = 4096, SET_LOG2 = 18 };

struct span {
    uintptr_t first;
    uintptr_t limit;
};

/* What the writing needs beyond the stack, mapped meanwhile. */
struct scratch {
    struct span spans[MAPPINGS_MAX]; /* a mapping's number is its place plus 1 */
    uintptr_t written[1 << SET_LOG2];
};

struct writer {
    struct stream stream;
    struct gzip gzip;
    struct message message;
    struct message inner;
    struct scratch *scratch;
    unsigned spans;
    unsigned strings;
    enum ep__profile_kind kind;
};

/* Writes the message as a field of the profile. */
static void put_message(struct writer *writer, unsigned field, const struct message *message)
{
    struct message head;
    ep__message_begin(&head);
    ep__message_put_bytes(&head, field, "", 0);
    head.length--; /* the length, which follows */
    ep__message_put_number(&head, message->length);
    ep__stream_put_bytes(&writer->stream, head.bytes, head.length);
    ep__stream_put_bytes(&writer->stream, message->bytes, message->length);
}

static void put_number(struct writer *writer, unsigned field, uint64_t number)
{
    struct message head;
    ep__message_begin(&head);
    ep__message_put(&head, field, number);
    ep__stream_put_bytes(&writer->stream, head.bytes, head.length);
}

/* Returns the string's number. */
static unsigned put_string(struct writer *writer, const char *string, size_t length)
{
    struct message *message = &writer->inner;
    ep__message_begin(message);
    ep__message_put_bytes(message, PROFILE_STRINGS, string,
                          length < EP__MESSAGE_BYTES / 2 ? length : EP__MESSAGE_BYTES / 2);
    ep__stream_put_bytes(&writer->stream, message->bytes, message->length);
    return writer->strings++;
}

static void put_type(struct writer *writer, unsigned field, unsigned name, unsigned unit)
{
    struct message *message = &writer->message;
    ep__message_begin(message);
    ep__message_put(message, TYPE_NAME, name);
    ep__message_put(message, TYPE_UNIT, unit);
    put_message(writer, field, message);
}

static unsigned put_build_id(struct writer *writer, const struct mapping *mapping)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * EP__BUILD_ID_BYTES];
    for (size_t i = 0; i < mapping->build_id_length; i++) {
        text[2 * i] = digits[mapping->build_id[i] >> 4];
        text[2 * i + 1] = digits[mapping->build_id[i] & 15];
    }
    return put_string(writer, text, 2 * mapping->build_id_length);
}

static int put_mapping(const struct mapping *mapping, void *argument)
{
    struct writer *writer = argument;
    struct message *message = &writer->message;
    if (!mapping->is_executable || writer->spans == MAPPINGS_MAX)
        return 0;
    unsigned name = put_string(writer, mapping->path, mapping->path_length);
    unsigned build = mapping->build_id_length == 0 ? 0 : put_build_id(writer, mapping);
    writer->scratch->spans[writer->spans++] = (struct span){mapping->first, mapping->limit};
    ep__message_begin(message);
    ep__message_put(message, MAPPING_ID, writer->spans);
    ep__message_put(message, MAPPING_START, mapping->first);
    ep__message_put(message, MAPPING_LIMIT, mapping->limit);
    ep__message_put(message, MAPPING_OFFSET, mapping->offset);
    ep__message_put(message, MAPPING_FILE, name);
    ep__message_put(message, MAPPING_BUILD, build);
    put_message(writer, PROFILE_MAPPING, message);
    return 0;
}

/* The number of the mapping that an address lies in; 0: none. */
static unsigned mapping_of(const struct writer *writer, uintptr_t address)
{
    unsigned low = 0;
    unsigned high = writer->spans;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (writer->scratch->spans[middle].limit <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < writer->spans && writer->scratch->spans[low].first <= address ? low + 1 : 0;
}

/* Adds an address to those whose locations are written; false: it was there, or there is no room. */
static bool add_to_written(struct writer *writer, uintptr_t address)
{
    uint64_t place = address * UINT64_C(0x9e3779b97f4a7c15) >> (64 - SET_LOG2);
    for (unsigned i = 0; i < 1 << SET_LOG2; i++) {
        uintptr_t *there = &writer->scratch->written[(place + i) % (1 << SET_LOG2)];
        if (*there == address)
            return false;
        if (*there == 0) {
            *there = address;
            return true;
        }
    }
    return false;
}

static void put_location(struct writer *writer, uintptr_t address)
{
    struct message *message = &writer->message;
    if (!add_to_written(writer, address))
        return;
    ep__message_begin(message);
    ep__message_put(message, LOCATION_ID, address);
    ep__message_put(message, LOCATION_MAPPING, mapping_of(writer, address));
    ep__message_put(message, LOCATION_ADDRESS, address);
    put_message(writer, PROFILE_LOCATION, message);
}

/* The locations of a stack; then, in `message`, their packed list. */
static void put_locations(struct writer *writer, uint32_t stack)
{
    unsigned count;
    const uintptr_t *frames = ep__stack_table_frames(stack, &count);
    for (unsigned i = 0; i < count; i++)
        put_location(writer, frames[i] - 1);
    ep__message_begin(&writer->inner);
    for (unsigned i = 0; i < count; i++)
        ep__message_put_number(&writer->inner, frames[i] - 1);
    ep__message_begin(&writer->message);
    ep__message_put_bytes(&writer->message, SAMPLE_LOCATIONS, writer->inner.bytes,
                          writer->inner.length);
}

static uint64_t objects_of(struct amounts amounts)
{
    return (amounts.units + EP__WEIGHT_ONE / 2) / EP__WEIGHT_ONE;
}

/* The mean size of the site's blocks. */
static void put_label(struct writer *writer, struct amounts allocated)
{
    struct message *label = &writer->inner;
    ep__message_begin(label);
    ep__message_put(label, LABEL_KEY, BYTES);
    ep__message_put(label, LABEL_NUMBER, allocated.sampled_bytes / allocated.samples);
    ep__message_put(label, LABEL_UNIT, BYTES);
    ep__message_put_bytes(&writer->message, SAMPLE_LABEL, label->bytes, label->length);
}

static void put_site(struct writer *writer, struct tally *site)
{
    struct amounts allocated = ep__profile_allocated(site);
    struct amounts in_use = ep__profile_in_use(site, writer->kind);
    if (allocated.samples == 0)
        return;
    put_locations(writer, ep__profile_stack(site));
    struct message *values = &writer->inner;
    ep__message_begin(values);
    ep__message_put_number(values, objects_of(allocated));
    ep__message_put_number(values, allocated.bytes);
    ep__message_put_number(values, objects_of(in_use));
    ep__message_put_number(values, in_use.bytes);
    ep__message_put_bytes(&writer->message, SAMPLE_VALUES, values->bytes, values->length);
    put_label(writer, allocated);
    put_message(writer, PROFILE_SAMPLE, &writer->message);
}

static void put_head(struct writer *writer, uint64_t interval)
{
    for (unsigned i = 0; i < NAMES; i++)
        (void)put_string(writer, names[i], strlen(names[i]));
    put_type(writer, PROFILE_SAMPLE_TYPE, 1, COUNT);
    put_type(writer, PROFILE_SAMPLE_TYPE, ALLOC_SPACE, BYTES);
    put_type(writer, PROFILE_SAMPLE_TYPE, INUSE_OBJECTS, COUNT);
    put_type(writer, PROFILE_SAMPLE_TYPE, INUSE_SPACE, BYTES);
    put_type(writer, PROFILE_PERIOD_TYPE, SPACE, BYTES);
    put_number(writer, PROFILE_PERIOD, interval);
    put_number(writer, PROFILE_TIME, ep__clock_realtime_ns());
    put_number(writer, PROFILE_DEFAULT_TYPE, INUSE_SPACE);
}

static int write_all(struct writer *writer, uint64_t interval)
{
    struct tally *site;
    uint32_t i = 0;
    put_head(writer, interval);
    int failure = ep__mappings_each(put_mapping, writer);
    while ((site = ep__tally_next(&ep__profile_sites, &i)) != NULL)
        put_site(writer, site);
    int ended = ep__stream_end(&writer->stream);
    if (ended == 0)
        ended = ep__gzip_end(&writer->gzip);
    return ended != 0 ? ended : failure;
}

int ep__pprof_give(enum ep__profile_kind kind, uint64_t interval, struct pprof_sink sink)
{
    size_t bytes = ep__round_up(sizeof(struct scratch), ep__vm_page_bytes());
    struct writer writer = {.kind = kind, .scratch = ep__vm_map_sparse(bytes)};
    if (writer.scratch == NULL)
        return ENOMEM;
    ep__gzip_begin(&writer.gzip, sink.sink, sink.to);
    ep__stream_begin(&writer.stream, ep__gzip_sink, &writer.gzip);
    int failure = write_all(&writer, interval);
    (void)ep__vm_unmap(writer.scratch, bytes);
    return failure;
}

int ep__pprof_write(enum ep__profile_kind kind, uint64_t interval, int file)
{
    return ep__pprof_give(kind, interval, (struct pprof_sink){ep__stream_to_file, &file});
}
