/* Huge blocks: above 1 MiB (or aligned above 4 MiB), each its own mapping.
 *
 * Layer: arena.  Uses: sys/vm, epoch, huge_cache.  Used by: cache, observe.
 *
 *     root[2^14] -> leaf[2^14] of { start, bytes }      index: address >> 20
 *
 * Algorithm.  A huge block is longer than 1 MiB, so no two start in the same MiB of address space, and a
 * two-level table indexed by the MiB in which a block starts holds each in a place of its own: no probing,
 * no tombstones, no resize.  `start` is the block's address, or 0.  Insertion is a store into a place that
 * nobody else can want, because the kernel gave the range to this thread; removal is a compare-and-swap
 * (start -> 0), which only one of several frees of the same block wins, and stands before the range can go
 * to another thread.  Growing tries in place; else address space is reserved and its leaf made first, so
 * that after the move nothing can fail.  A freed mapping goes to the cache of huge mappings while what is
 * retained would not be purged at once (retire.h); else its pages go back at once and its address space
 * after a grace period.
 *
 * Who may overlap: any operation with any other on different blocks; of several frees of one block one
 * wins and the others are misuse; lookups by anybody.
 * Invariants
 *   1. place.start is 0 or lies in the place's MiB, and then place.bytes is the mapping's size.
 *   2. bytes in use and cached count what the table and the cache hold, up to operations in flight.
 * Edges: HUG (a block's size), LEF (a leaf).
 * ABA: start is the address itself: equal values mean the same place holds a block there now.
 * Progress: lock-free (leaf creation retries nothing: the loser takes the winner's leaf).
 * Fails: no memory: NULL, heap unchanged.  Freed address space that the kernel refuses to unmap is cached,
 * and where the cache is full asked for again after each grace period.
 */
#ifndef EPMALLOC_ARENA_HUGE_H
#define EPMALLOC_ARENA_HUGE_H

#include <stdbool.h>
#include <stddef.h>

#include "epoch/epoch.h"

enum { EP__HUGE_UNIT_LOG2 = 20 };
/* The smallest mapping: one MiB and a page would do; all requests above 1 MiB are. */
#define EP__HUGE_BYTES_MIN ((size_t)1 << EP__HUGE_UNIT_LOG2)

/* A block of at least `bytes` (rounded up to pages, and above EP__HUGE_BYTES_MIN) at a multiple of
 * `alignment` (a power of two); is_zero says whether it reads as zero.  NULL: no memory. */
void *ep__huge_alloc(size_t bytes, size_t alignment, bool *is_zero);

/* Frees the block that starts at p.  False when none does.  `record` may be NULL. */
bool ep__huge_free(void *p, struct epoch_record *record);

/* The size of the block that starts at p; 0 when none does.  Async-signal-safe. */
size_t ep__huge_bytes(const void *p);

/* Makes the block at p `bytes` long, moving it where need be.  NULL: unchanged. */
void *ep__huge_resize(void *p, size_t bytes);

/* Gives cached mappings back, the biggest first, until at most cached_bytes_max are left: their pages now, their
 * address space after a grace period.  Returns the bytes that the kernel took. */
size_t ep__huge_trim(size_t cached_bytes_max);

/* Calls visit for each block in use, in the order of addresses, until it returns other than 0; returns what the last
 * call did.  A block that comes or goes meanwhile is shown or not. */
int ep__huge_each(int (*visit)(void *p, size_t bytes, void *argument), void *argument);

size_t ep__huge_in_use_bytes(void);
size_t ep__huge_in_use_blocks(void);
size_t ep__huge_cached_bytes(void);

#endif
