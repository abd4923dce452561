/* The window: the address space that arenas are cut from, and the tables that say what lies where.
 *
 * Layer: arena.  Uses: sys.  Used by: arena (arena, usable_arenas, retire), pool, cache, observe.
 *
 *     reservation (PROT_NONE, not charged)
 *     +--------+---------+--------+---------+-----+----------------------------------------+
 *     | header | owners  | groups | pools   | pad | base: arena 0 | arena 1 | ...          |
 *     +--------+---------+--------+---------+-----+----------------------------------------+
 *       struct   4 bytes   64 arenas 128 bytes      4 MiB each, aligned to 4 MiB
 *       window   a slot    and hints a slot
 *
 * Algorithm.  Lookup is arithmetic: slot = (p - base) >> 16 indexes `owners` (which thread owns the pool
 * in this slot) and `pools` (its descriptor); slot >> 6 is the arena.  All tables are readable from the
 * start and read as zero (nobody, FREE, no hint); a group of 64 arenas' share of them becomes writable,
 * and is charged, when its first arena is created.  So a lookup of any address in the window is safe, a
 * foreign pointer is never dereferenced, and strict overcommit charges only what is used.
 * A window needs the alignment of an arena only, because the lookup subtracts.
 *
 * Who may overlap: any thread may look up while others add windows or groups.  A window is complete
 * before its pointer is published by one compare-and-swap, and lives as long as the process.
 *
 * Invariants
 *   1. windows[i] == NULL implies windows[j] == NULL for all j > i.
 *   2. base is a multiple of EP__ARENA_BYTES; arena_count is a power of two, at most 2^18.
 *   3. a table entry of an arena whose group is not writable reads as zero.
 *
 * Edges: WIN (a window's header).
 * Progress: lookup wait-free; adding lock-free (a lost compare-and-swap means another's window is there).
 * Fails: address space refused: the size is halved down to one arena, then NULL, and nothing has changed.
 */
#ifndef EPMALLOC_ARENA_WINDOW_H
#define EPMALLOC_ARENA_WINDOW_H

#include <stdalign.h>

#include "sys/atomic.h"
#include "sys/bits.h"

struct arena_group;

enum {
    EP__SLOT_LOG2 = 16,
    EP__ARENA_LOG2 = 22,
    EP__ARENA_SLOTS = 64,
    EP__DESCRIPTOR_BYTES = 128,
    EP__WINDOWS_MAX = 64,
    EP__GROUP_ARENAS = 64,
    EP__GROUPS_MAX = 4096,
    EP__CLASSES = 80,
    EP__POOL_KINDS = 2 * EP__CLASSES, /* ordinary pools of each class, and tracked ones */
    /* Owner ids are at most 18 bits; the first two are not threads. */
    EP__OWNER_NOBODY = 0,
    EP__OWNER_DETACHED = 1,
};
#define EP__SLOT_BYTES ((size_t)1 << EP__SLOT_LOG2)
#define EP__ARENA_BYTES ((size_t)1 << EP__ARENA_LOG2)

/* Sets of arenas (arena_set.h): each has one bit an arena. */
enum ep__set {
    EP__SET_BUCKET = 0, /* + n: arenas with about n free pools, 1 <= n <= 64 */
    EP__SET_HOLE =
        EP__SET_BUCKET + 65, /* + h: arenas with an aligned hole of 2^h slots, 1 <= h <= 4 */
    EP__SET_RETIRED = EP__SET_HOLE + 5,    /* arenas that anyone may take again */
    EP__SET_PARTIAL = EP__SET_RETIRED + 1, /* + kind: arenas with a claimable pool of the kind */
    EP__SETS = EP__SET_PARTIAL + EP__POOL_KINDS,
};

struct window {
    /* Set once, before the window is published. */
    char *base;
    uint32_t slot_count;
    uint32_t arena_count;
    _Atomic(uint32_t) *owners;
    char *pools;
    struct arena_group *groups;
    size_t metadata_bytes;
    _Atomic(uint32_t)
        is_closed; /* in a forked child under fork:strict: nothing is allocated from it */
    /* Any thread. */
    alignas(EP__CACHE_LINE_BYTES) _Atomic(uint32_t) arenas_begun; /* ids below it are handed out */
    _Atomic(uint64_t) groups_writable[EP__GROUPS_MAX / 64];       /* one bit a group */
    _Atomic(uint64_t) set_tops[EP__SETS]; /* bit i: summaries[i] may be non-zero */
    _Atomic(uint64_t) set_summaries[EP__GROUPS_MAX / 64][EP__SETS]; /* a bit a group */
};

extern _Atomic(struct window *) ep__windows[EP__WINDOWS_MAX];

/* The i-th window, or NULL.  i < EP__WINDOWS_MAX. */
static inline struct window *ep__window_at(unsigned i)
{
    /* order: acquire WIN -- pairs with the publication in ep__window_add; carries the header */
    return ep__load_acquire(&ep__windows[i]);
}

static inline bool ep__window_holds(const struct window *window, const void *p)
{
    return ((uintptr_t)p - (uintptr_t)window->base) >> EP__SLOT_LOG2 < window->slot_count;
}

static inline uint32_t ep__window_slot(const struct window *window, const void *p)
{
    return (uint32_t)(((uintptr_t)p - (uintptr_t)window->base) >> EP__SLOT_LOG2);
}

/* The window that holds p, or NULL.  Async-signal-safe. */
struct window *ep__window_find(const void *p);

/* Adds a window in the first empty place; on return some window that was not there before `seen`
 * windows were counted exists, or NULL says that address space or places ran out. */
struct window *ep__window_add(unsigned seen);

/* Closes every window that exists for allocation; frees into them go on. */
void ep__windows_close(void);

static inline bool ep__window_is_closed(struct window *window)
{
    /* order: relaxed -- set once in a child, before it has a second thread or by its first slow path */
    return ep__load_relaxed(&window->is_closed) != 0;
}

/* Makes the tables of an arena's group writable.  False when the kernel refuses. */
bool ep__window_open_group(struct window *window, uint32_t arena_id);

#endif
