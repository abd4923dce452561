/* Guarded blocks: each a run of its own, whose end cannot be touched, and nothing of it once it is freed.
 *
 * Layer: observe.  Uses: sys/vm, cache (tracked), quarantine, diagnosis.  Used by: check.
 *
 *     run of k slots   |  front: 0xFD ...  | the program's bytes | slack: 0xFD | page that cannot be touched |
 *                      start               address                             start + k * 64 KiB - a page
 *
 * Algorithm.  The block ends at the last page of a run, as closely as its alignment (at least 16) allows.  That page is
 * turned into reserved address space; when the program frees the block, the whole run is, until the quarantine lets it
 * go.  What the program touches there faults, and a handler of SIGSEGV, which is installed with the first guard, finds
 * the block by its address and tells of it.  Faults elsewhere go to whoever handled the signal before.
 * At most check_guards exist at once, freed ones included, because each splits mappings, of which the kernel allows
 * 65,530: then the oldest freed one is let go, and where there is none, there is no guard.
 *
 * Who may overlap: everything.
 * Progress: lock-free but for the kernel.
 * Fails: no room, no memory, the kernel splits no more mappings: NULL, or the run stays closed for ever.
 * Source: GWP-ASan's placement of sampled allocations before a guard page; Electric Fence.
 */
#ifndef EPMALLOC_OBSERVE_GUARD_H
#define EPMALLOC_OBSERVE_GUARD_H

#include "cache/tracked.h"

/* A guarded block; NULL: there is no room for one. */
void *ep__guard_alloc(size_t size, size_t alignment, uint32_t stack);

/* The first byte behind the block that cannot be touched. */
char *ep__guard_end(const struct tracked *tracked);

/* The program has freed it: nothing of it can be touched any more. */
void ep__guard_close(const struct tracked *tracked);

/* Before it is given back.  False: it must stay closed. */
bool ep__guard_open(const struct tracked *tracked);

/* The guarded block in whose run an address lies.  Async-signal-safe. */
bool ep__guard_find(const void *address, struct tracked *copy);

/* Installs the handler of SIGSEGV. */
void ep__guard_handle_faults(void);

/* Guarded blocks that exist. */
size_t ep__guard_count(void);

#endif
