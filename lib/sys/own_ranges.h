/* Own ranges: memory of the library's that holds addresses of blocks.
 *
 * Layer: sys.  Uses: sys/atomic.  Used by: event_ring, arena (the registry of huge blocks), cache (records), observe.
 *
 * Whoever searches the process's memory for what keeps a block must not find the block in our own tables.  So who maps
 * such a table notes its range here.  Lists of free blocks need not be noted: what is free is not looked for.
 *
 * A fixed number of places, taken by addition and never given back.  A range that finds none is not noted; then some
 * leaked blocks look reachable.
 *
 * Any thread; async-signal-safe.  Wait-free.  Edges: ORG (a range, from who notes it to who asks).
 */
#ifndef EPMALLOC_SYS_OWN_RANGES_H
#define EPMALLOC_SYS_OWN_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void ep__own_range_note(const void *start, size_t bytes);

/* The first noted range that ends above an address; false: there is none. */
bool ep__own_range_above(uintptr_t address, uintptr_t *first, uintptr_t *limit);

#endif
