/* What the kernel says about the process's memory. */
#ifndef TESTS_UNIT_MEMORY_H
#define TESTS_UNIT_MEMORY_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { UNMAPPED = -1, NO_ACCESS = 0, CAN_READ = 4, CAN_WRITE = 2 };

/* One line of the kernel's list of mappings. */
struct mapped {
    uintptr_t first;
    uintptr_t end;
    int rights;
    bool is_anonymous;
};

static inline bool next_mapped(FILE *maps, struct mapped *mapped)
{
    char line[512];
    char rights[5] = "----";
    unsigned long inode = 1;
    if (fgets(line, sizeof line, maps) == NULL ||
        sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %lu", &mapped->first, &mapped->end,
               rights, &inode) != 4)
        return false;
    mapped->rights = (rights[0] == 'r' ? CAN_READ : 0) + (rights[1] == 'w' ? CAN_WRITE : 0);
    mapped->is_anonymous = inode == 0;
    return true;
}

/* The rights of the page at p: UNMAPPED, or a sum of CAN_READ and CAN_WRITE. */
static inline int page_rights(const void *p)
{
    struct mapped mapped;
    int rights = UNMAPPED;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (rights == UNMAPPED && next_mapped(maps, &mapped))
        if (mapped.first <= (uintptr_t)p && (uintptr_t)p < mapped.end)
            rights = mapped.rights;
    fclose(maps);
    return rights;
}

/* Whether the kernel's flags of the mapping at p (proc(5), VmFlags) include a two-letter one. */
static inline bool has_vm_flag(const void *p, const char *flag)
{
    char line[512];
    bool is_there = false;
    bool is_set = false;
    FILE *maps = fopen("/proc/self/smaps", "re");
    while (fgets(line, sizeof line, maps) != NULL) {
        uintptr_t first = 0;
        uintptr_t end = 0;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &first, &end) == 2)
            is_there = first <= (uintptr_t)p && (uintptr_t)p < end;
        else if (is_there && strncmp(line, "VmFlags:", 8) == 0)
            is_set = strstr(line, flag) != NULL;
    }
    fclose(maps);
    return is_set;
}

/* Bytes of the mappings that count (NULL: all do). */
static inline size_t sum_mapped(bool (*counts)(const struct mapped *))
{
    struct mapped mapped;
    size_t bytes = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (next_mapped(maps, &mapped))
        if (counts == NULL || counts(&mapped))
            bytes += mapped.end - mapped.first;
    fclose(maps);
    return bytes;
}

static inline bool is_unwritable(const struct mapped *mapped)
{
    return mapped->is_anonymous && (mapped->rights & CAN_WRITE) == 0;
}

/* Bytes of anonymous memory that can not be written: reservations, and tables that are only read.  Nobody
 * else in the process makes any. */
static inline size_t unwritable_bytes(void)
{
    return sum_mapped(is_unwritable);
}

/* Bytes of address space that the process has mapped, reservations and all. */
static inline size_t mapped_bytes(void)
{
    return sum_mapped(NULL);
}

static inline bool is_all(const void *start, size_t bytes, unsigned char value)
{
    const unsigned char *byte = start;
    return bytes == 0 || (byte[0] == value && memcmp(byte, byte + 1, bytes - 1) == 0);
}

#endif
