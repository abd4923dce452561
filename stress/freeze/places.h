/* Where an instruction lies: in which library, at which offset, in which function.
 *
 * Offsets are those that `nm` and `objdump` print.  Libraries are known by their path and outlive processes, so that
 * what was seen at an offset adds up over all processes of a run.
 */
#ifndef STRESS_FREEZE_PLACES_H
#define STRESS_FREEZE_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum freeze_owner {
    FREEZE_ALLOCATOR, /* the preloaded library, or the C library where nothing is preloaded */
    FREEZE_C_LIBRARY,
    FREEZE_OTHER,   /* the loader, the vdso, libraries that the allocator needs */
    FREEZE_PROGRAM, /* stress_freeze itself; never a stop */
    FREEZE_OWNERS,
};

/* What is remembered of each byte offset. */
struct freeze_mark {
    uint32_t stops;   /* in the whole run */
    uint16_t repeats; /* of the present victim */
    uint16_t
        blocked; /* the number of a region of the present operation, from 1; 0: others went on */
};

struct freeze_library {
    char path[256];
    enum freeze_owner owner;
    bool is_mapped;  /* in the present process */
    uintptr_t start; /* of the code, in the present process */
    uintptr_t end;
    uintptr_t first;           /* the offset of `start` */
    struct freeze_mark *marks; /* index: offset - first */
    size_t mark_count;
};

struct freeze_place {
    struct freeze_library *object; /* NULL: nowhere that is known */
    uintptr_t offset;
};

/* Reads what a process has mapped. */
void freeze_places_read(int process, const char *preload);

struct freeze_place freeze_place_at(uintptr_t address);
struct freeze_mark *freeze_place_mark(struct freeze_place place);
bool freeze_place_is_same(struct freeze_place one, struct freeze_place other);

/* "library:function+0x12". */
void freeze_place_name(struct freeze_place place, char *text, size_t room);

/* Forgets the repeats: a new victim begins.  Forgets what was blocked: a new operation begins. */
void freeze_places_new_victim(void);
void freeze_places_new_operation(void);

/* The allocator's library; NULL before the first process. */
struct freeze_library *freeze_places_allocator(void);

/* Offsets, not addresses: of a library's segment that holds code, and the function around one (symbols.c). */
bool freeze_symbols_segment(const char *path, uintptr_t file_offset, uintptr_t *address);
bool freeze_symbols_function(const char *path, uintptr_t address, char *name, size_t room,
                             uintptr_t *from);

#endif
