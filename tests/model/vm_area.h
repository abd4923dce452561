/* Address space that a scenario's kernel gives out and takes back: a range that one thread has unmapped can be the next
 * that another maps.
 *
 * 16 units of 1 MiB; which of them are mapped is one word, and the lowest that serve are given out.  The kernel has a
 * lock, so its calls are ordered with each other.
 */
#ifndef TESTS_MODEL_VM_AREA_H
#define TESTS_MODEL_VM_AREA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AREA_UNIT_LOG2 = 20, AREA_UNITS = 16 };
#define AREA_UNIT_BYTES ((size_t)1 << AREA_UNIT_LOG2)

/* In a set-up: from now on all mappings come from the area. */
void area_make(void);
bool area_is_made(void);

/* The kernel's calls; bytes are rounded up to units. */
void *area_map(size_t bytes);
bool area_resize(void *start, size_t bytes, size_t new_bytes);
bool area_unmap(void *start, size_t bytes);

/* Whether an address lies in a unit of the area that is not mapped now. */
bool area_is_gone(uintptr_t address);

/* Where a unit begins, and the units that are mapped, a bit each. */
char *area_unit(unsigned unit);
uint32_t area_mapped(void);

#endif
