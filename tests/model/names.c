/* Names of objects and values.  See names.h. */
#include "names.h"

#include <stdio.h>

#include "explore.h"
#include "pool/pool.h"

enum { OBJECTS_MAX = 64 };

static struct {
    uintptr_t start;
    size_t bytes;
    enum shape shape;
    const char *name;
} objects[OBJECTS_MAX];
static unsigned count;

struct field {
    size_t offset;
    const char *name;
};

#define POOL_FIELD(name)                                                                           \
    {                                                                                              \
        offsetof(struct pool, name), #name                                                         \
    }
#define ARENA_FIELD(name)                                                                          \
    {                                                                                              \
        offsetof(struct arena, name), #name                                                        \
    }

static const struct field pool_fields[] = {
    POOL_FIELD(sink),  POOL_FIELD(countdown), POOL_FIELD(step),
    POOL_FIELD(list),  POOL_FIELD(listed),    POOL_FIELD(carved),
    POOL_FIELD(mark),  POOL_FIELD(holes),     POOL_FIELD(looked),
    POOL_FIELD(place), POOL_FIELD(next),      POOL_FIELD(prev),
    POOL_FIELD(word),  POOL_FIELD(run_slots), POOL_FIELD(start),
    POOL_FIELD(class), POOL_FIELD(distance),  POOL_FIELD(is_zero),
    POOL_FIELD(slot),  POOL_FIELD(arena),     POOL_FIELD(base),
    {0, NULL},
};
static const struct field arena_fields[] = {
    ARENA_FIELD(free_slots),       ARENA_FIELD(dirty_slots),
    ARENA_FIELD(bucket),           ARENA_FIELD(in_use),
    ARENA_FIELD(is_committed),     ARENA_FIELD(retirements),
    ARENA_FIELD(filed_retirement), ARENA_FIELD(is_filed),
    ARENA_FIELD(window),           ARENA_FIELD(id),
    ARENA_FIELD(release_entry),    {0, NULL},
};

void name_object(const void *start, size_t bytes, enum shape shape, const char *name)
{
    if (count == OBJECTS_MAX)
        model_break("too many names");
    objects[count].start = (uintptr_t)start;
    objects[count].bytes = bytes;
    objects[count].shape = shape;
    objects[count++].name = name;
}

static unsigned object_at(const void *address)
{
    unsigned i = 0;
    while (i < count && (uintptr_t)address - objects[i].start >= objects[i].bytes)
        i++;
    return i;
}

static const char *field_name(const struct field *fields, size_t offset)
{
    for (; fields->name != NULL; fields++)
        if (fields->offset == offset)
            return fields->name;
    return NULL;
}

const char *name_at(const void *address)
{
    static char text[128];
    unsigned i = object_at(address);
    if (i == count)
        return NULL;
    size_t offset = (uintptr_t)address - objects[i].start;
    const char *field = NULL;
    if (objects[i].shape == SHAPE_POOL)
        field = field_name(pool_fields, offset);
    if (objects[i].shape == SHAPE_ARENA)
        field = field_name(arena_fields, offset);
    if (field != NULL)
        (void)snprintf(text, sizeof text, "%s.%s", objects[i].name, field);
    else if (offset == 0)
        (void)snprintf(text, sizeof text, "%s", objects[i].name);
    else
        (void)snprintf(text, sizeof text, "%s+%zu", objects[i].name, offset);
    return text;
}

static const char *word_text(uint64_t word, char *text)
{
    static const char *const states[] = {"FREE", "OWNED", "FULL", "PARTIAL"};
    char head[16] = "";
    if (ep__word_head(word) != EP__POOL_NO_HEAD)
        (void)snprintf(head, sizeof head, " +%x0", ep__word_head(word));
    (void)snprintf(text, 64, "%s(%u%s)#%u", states[ep__word_state(word)], ep__word_count(word),
                   head, ep__word_generation(word));
    return text;
}

const char *name_value(const void *address, uint64_t value, char *text)
{
    unsigned i = object_at(address);
    size_t offset = i == count ? 0 : (uintptr_t)address - objects[i].start;
    if (i < count && objects[i].shape == SHAPE_POOL && offset == offsetof(struct pool, word))
        return word_text(value, text);
    (void)snprintf(text, 64, value < 1000 ? "%ju" : "0x%jx", (uintmax_t)value);
    return text;
}
