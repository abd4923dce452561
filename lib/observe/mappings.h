/* Mappings: what lies where in the process's address space, as the kernel tells it.
 *
 * Layer: observe.  Uses: sys, /proc/self/maps.  Used by: pprof, heap_text, leaks, reach.
 *
 * Readers of profiles need to know which file an address came from, and the file's build id, which stands in its notes.
 * The dynamic linker knows too, but has a lock; the kernel's list can be read in a signal handler and in a child.
 *
 * No malloc: the text goes through memory that is mapped meanwhile.  Async-signal-safe.  Progress: wait-free but for the
 * kernel.
 */
#ifndef EPMALLOC_OBSERVE_MAPPINGS_H
#define EPMALLOC_OBSERVE_MAPPINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EP__BUILD_ID_BYTES = 20 };

struct mapping {
    uintptr_t first;
    uintptr_t limit;
    uint64_t offset; /* in the file */
    bool is_readable;
    bool is_writable;
    bool is_executable;
    bool is_shared;
    const char *path; /* not ended by a NUL; good during the visit */
    size_t path_length;
    /* Of the file, when its beginning was mapped before; length 0: none. */
    unsigned char build_id[EP__BUILD_ID_BYTES];
    size_t build_id_length;
};

/* Visits all mappings by ascending address, until a visit returns non-zero; returns that, or an errno. */
int ep__mappings_each(int (*visit)(const struct mapping *mapping, void *argument), void *argument);

/* Gives the list as the kernel writes it to a sink; returns 0 or an errno. */
int ep__mappings_copy(int (*sink)(void *to, const char *bytes, size_t length), void *to);

#endif
