/* Places (places.h). */
#include "freeze/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "freeze/freeze.h"

enum { LIBRARIES = 24 };

static struct freeze_library libraries[LIBRARIES];
static unsigned library_count;

/* Marks with repeats, to be cleared. */
static struct freeze_mark *repeated[1 << 16];
static unsigned repeated_count;

static int process_read;
static const char *preload_read;

static enum freeze_owner owner_of(const char *path, const char *preload)
{
    const char *name = strrchr(path, '/');
    char own[256] = {0};
    name = name == NULL ? path : name + 1;
    if (readlink("/proc/self/exe", own, sizeof own - 1) > 0 && strcmp(own, path) == 0)
        return FREEZE_PROGRAM;
    if (strncmp(name, "libc.so", 7) == 0 || strncmp(name, "libc-", 5) == 0)
        return preload == NULL ? FREEZE_ALLOCATOR : FREEZE_C_LIBRARY;
    struct stat one, other;
    bool is_preload = preload != NULL && stat(path, &one) == 0 && stat(preload, &other) == 0 &&
                      one.st_ino == other.st_ino && one.st_dev == other.st_dev;
    return is_preload ? FREEZE_ALLOCATOR : FREEZE_OTHER;
}

static struct freeze_library *find_library(const char *path, const char *preload)
{
    for (unsigned i = 0; i < library_count; i++)
        if (strcmp(libraries[i].path, path) == 0)
            return &libraries[i];
    if (library_count == LIBRARIES)
        freeze_fail("the process has too many libraries");
    struct freeze_library *library = &libraries[library_count++];
    (void)snprintf(library->path, sizeof library->path, "%s", path);
    library->owner = owner_of(path, preload);
    return library;
}

static void take_mapping(uintptr_t start, uintptr_t end, uintptr_t file_offset, const char *path)
{
    struct freeze_library *library = find_library(path, preload_read);
    library->is_mapped = true;
    library->start = start;
    library->end = end;
    if (!freeze_symbols_segment(path, file_offset, &library->first))
        library->first = 0;
    if (library->marks == NULL) {
        library->mark_count = end - start;
        library->marks = calloc(library->mark_count, sizeof *library->marks);
    }
}

void freeze_places_read(int process, const char *preload)
{
    char line[512];
    (void)snprintf(line, sizeof line, "/proc/%d/maps", process);
    process_read = process;
    preload_read = preload;
    for (unsigned i = 0; i < library_count; i++)
        libraries[i].is_mapped = false;
    FILE *file = fopen(line, "re");
    if (file == NULL)
        freeze_fail("%s cannot be read", line);
    while (fgets(line, sizeof line, file) != NULL) {
        unsigned long start, end, offset;
        char rights[8], path[256] = "";
        if (sscanf(line, "%lx-%lx %7s %lx %*s %*s %255s", &start, &end, rights, &offset, path) >=
                5 &&
            rights[2] == 'x' && path[0] != '\0')
            take_mapping(start, end, offset, path);
    }
    (void)fclose(file);
}

static struct freeze_library *library_at(uintptr_t address)
{
    static struct freeze_library *last;
    if (last != NULL && last->is_mapped && address >= last->start && address < last->end)
        return last;
    for (unsigned i = 0; i < library_count; i++) {
        struct freeze_library *library = &libraries[i];
        if (library->is_mapped && address >= library->start && address < library->end)
            return last = library;
    }
    return NULL;
}

struct freeze_place freeze_place_at(uintptr_t address)
{
    struct freeze_place place = {library_at(address), 0};
    if (place.object == NULL) {
        freeze_places_read(process_read, preload_read);
        place.object = library_at(address);
    }
    if (place.object != NULL)
        place.offset = address - place.object->start + place.object->first;
    return place;
}

/* A mark whose repeats are remembered as to be cleared. */
struct freeze_mark *freeze_place_mark(struct freeze_place place)
{
    static struct freeze_mark nowhere;
    if (place.object == NULL || place.offset - place.object->first >= place.object->mark_count)
        return &nowhere;
    struct freeze_mark *mark = &place.object->marks[place.offset - place.object->first];
    if (mark->repeats == 0 && repeated_count < sizeof repeated / sizeof *repeated)
        repeated[repeated_count++] = mark;
    return mark;
}

void freeze_places_new_victim(void)
{
    while (repeated_count != 0)
        repeated[--repeated_count]->repeats = 0;
}

void freeze_places_new_operation(void)
{
    freeze_places_new_victim();
    for (unsigned i = 0; i < library_count; i++)
        for (size_t at = 0; at < libraries[i].mark_count; at++)
            libraries[i].marks[at].blocked = 0;
}

bool freeze_place_is_same(struct freeze_place one, struct freeze_place other)
{
    return one.object == other.object && one.offset == other.offset;
}

void freeze_place_name(struct freeze_place place, char *text, size_t room)
{
    char function[128];
    uintptr_t from;
    if (place.object == NULL) {
        (void)snprintf(text, room, "nowhere");
        return;
    }
    const char *name = strrchr(place.object->path, '/');
    name = name == NULL ? place.object->path : name + 1;
    if (freeze_symbols_function(place.object->path, place.offset, function, sizeof function, &from))
        (void)snprintf(text, room, "%s:%s+0x%lx", name, function,
                       (unsigned long)(place.offset - from));
    else
        (void)snprintf(text, room, "%s:0x%lx", name, (unsigned long)place.offset);
}

struct freeze_library *freeze_places_allocator(void)
{
    for (unsigned i = 0; i < library_count; i++)
        if (libraries[i].owner == FREEZE_ALLOCATOR)
            return &libraries[i];
    return NULL;
}
