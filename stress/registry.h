/* The oracle's registry: the id of the live block at an address (oracle.h).
 *
 * One 32-bit word per 16 bytes of address space, in chunks of 4 MiB of address space that are mapped
 * when first needed and found by a hash table of their numbers, and never go away.  Words are read and
 * written relaxed.  The one edge, CH, carries the mapping of a new chunk to those who find it, and so
 * orders nothing that happens after a chunk's first use.
 *
 * Progress: lock-free; two threads that need the same new chunk both map one and one of them is dropped.
 */
#ifndef STRESS_REGISTRY_H
#define STRESS_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

/* Sets the words of [start, start + bytes) from `expected` to `id`; returns the first other id that was
 * found in their place, or `expected`. */
uint32_t stress_registry_change(const void *start, size_t bytes, uint32_t expected, uint32_t id);

#endif
