/* Control groups, version 2: how much memory the process's group may still use, and how hard it is pressed.
 *
 * Layer: sys.  Uses: the kernel's files.  Used by: cache (upkeep).
 *
 * A group is a folder with the files memory.high, memory.max, memory.current and memory.pressure.  What limits a
 * group are its own limits and those of the groups that it lies in; each has so much room left, and the least
 * counts.  A folder without memory.current is no group that limits anything: the search upward ends there.
 *
 * Any thread; each call opens and reads the files anew, because limits change while the process runs, and keeps nothing.
 * Keeps errno.  Fails: what cannot be read limits nothing.
 */
#ifndef EPMALLOC_SYS_CGROUP_H
#define EPMALLOC_SYS_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EP__CGROUP_NAME_BYTES = 512 };

struct cgroup_memory {
    uint64_t room_bytes;  /* until the first limit is reached; UINT64_MAX: there is none */
    uint64_t limit_bytes; /* that limit */
    uint32_t
        pressure_cent; /* hundredths of a per cent of the last ten seconds in which some task waited for memory */
};

/* Writes the folder of the calling process's group; false: it is in none, or the name is too long. */
bool ep__cgroup_find_own(char *folder, size_t size);

/* Reads a group's folder; false: there is none. */
bool ep__cgroup_read(const char *folder, struct cgroup_memory *memory);

#endif
