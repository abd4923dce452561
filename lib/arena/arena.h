/* Arenas: 4 MiB, 64 slots, the set of free slots in one word.
 *
 * Layer: arena.  Uses: sys, window, usable_arenas, retire.  Used by: pool (pools and runs).
 *
 *     free_slots   bit i set: slot i belongs to nobody
 *     dirty_slots  bit i set: slot i may have pages in memory
 *
 * Algorithm.  A slot is taken by clearing its bit: one slot by fetch_and of a bit seen set (the word that
 * comes back tells who won), several by a compare-and-swap.  It is given back by fetch_or.  The fullest
 * usable arena is tried first (usable_arenas.h), then a sweep of all words finds what hints have lost,
 * then a retired or fresh range becomes an arena; its creator takes its slots before it stores the word,
 * so that making an arena is progress.  One-slot pools come from the bottom, bigger ones from the top.
 * Whoever makes a word all-free runs the retirement test (retire.h).
 *
 * Who may overlap: all operations, on the same arena.  Only the holder of a slot touches its memory, its
 * pool descriptor's private fields and its bit in dirty_slots.
 *
 * Invariants
 *   1. live slots + popcount(free_slots) == 64 for an arena in use (live: held by a pool, a run or a purger).
 *   2. free_slots == 0 for every arena that is retired or not yet created.
 *   3. ep__arenas.all_free counts the arenas whose word is ~0, up to operations in flight.
 *
 * Edges: SLT (a slot's descriptor and dirty bit, from who gives back to who takes), RET (an arena's fields,
 * from who retires to who takes again).
 * ABA: free_slots is CASed as a set of bits; the same set means the same truth, whatever happened between.
 * Progress: lock-free; a failed take means another thread's succeeded.  Contention does not use candidates
 * up: only a word seen without room does.
 * Fails: no address space, no commit charge: false, nothing has changed.
 * Source: CPython's usable_arenas and nfp2lasta (Objects/obmalloc.c), with the list replaced by buckets.
 */
#ifndef EPMALLOC_ARENA_ARENA_H
#define EPMALLOC_ARENA_ARENA_H

#include "arena/arena_set.h"
#include "arena/window.h"
#include "epoch/epoch.h"

enum {
    EP__KIND_TRACKED =
        EP__CLASSES,               /* + class: the first slot of a tracked pool (cache/tracked.h) */
    EP__KIND_RUN = EP__POOL_KINDS, /* a run's first slot */
    EP__KIND_INNER = 0xc0,         /* + d, 1 <= d <= 15: the head is d slots below */
};

struct arena {
    /* Any thread. */
    alignas(EP__CACHE_LINE_BYTES) _Atomic(uint64_t) free_slots;
    _Atomic(uint64_t) dirty_slots;
    _Atomic(uint32_t) bucket; /* the bucket set that this arena is a member of; 0: none */
    _Atomic(uint32_t) in_use; /* 1 between creation and retirement */
    /* Who took the arena out of the retired set, or handed its id out. */
    uint32_t is_committed;
    uint32_t retirements;
    uint32_t filed_retirement;  /* the retirement that release_entry is about */
    _Atomic(uint32_t) is_filed; /* release_entry waits for its grace period */
    struct epoch_entry release_entry;
    /* Set at the first creation, and the same ever after. */
    struct window *window;
    uint32_t id;
    _Atomic(uint64_t) created_ms; /* when it was last made an arena; who creates it writes it */
    _Atomic(uint64_t) events;     /* numbered so far: arena_events.h */
    /* What a slot is: a size class, EP__KIND_TRACKED + class, EP__KIND_RUN, or EP__KIND_INNER + distance.  Written by the slot's holder. */
    alignas(EP__CACHE_LINE_BYTES) _Atomic(uint8_t) kinds[EP__ARENA_SLOTS];
};

struct arena_group {
    _Atomic(uint64_t) leaves[EP__SETS];
    struct arena arenas[EP__GROUP_ARENAS];
    /* Hints of the pool layer. */
    _Atomic(uint64_t) partial_pools[EP__GROUP_ARENAS][EP__CLASSES];
    _Atomic(uint64_t) tracked_pools[EP__GROUP_ARENAS][EP__CLASSES];
};

/* Slots that the caller holds. */
struct slots {
    struct arena *arena;
    unsigned first;
    unsigned count;
    bool is_zero; /* no page of them has been touched since the kernel gave it */
};

/* Counters that policies read; exact at rest. */
struct arena_counters {
    alignas(EP__CACHE_LINE_BYTES) _Atomic(int32_t)
        all_free; /* arenas whose word is ~0; a taker may count before the giver: < 0 */
    alignas(EP__CACHE_LINE_BYTES) _Atomic(int64_t) used_slots; /* held by pools, runs and purgers */
    _Atomic(int64_t) dirty_free_slots;                         /* free, with pages in memory */
    alignas(EP__CACHE_LINE_BYTES) _Atomic(uint64_t) created;
    _Atomic(uint64_t) retired;
    _Atomic(uint64_t) highwater;
    /* Each purge is system calls, beside which a shared counter is cheap. */
    _Atomic(uint64_t) purges;       /* times that memory was looked for to be given back */
    _Atomic(uint64_t) purge_calls;  /* calls by which pages were given back */
    _Atomic(uint64_t) purged_bytes; /* that the kernel took */
};

extern struct arena_counters ep__arenas;

static inline struct arena *ep__arena_at(struct window *window, uint32_t arena_id)
{
    return &window->groups[arena_id / EP__GROUP_ARENAS].arenas[arena_id % EP__GROUP_ARENAS];
}

static inline char *ep__arena_base(const struct arena *arena)
{
    return arena->window->base + ((size_t)arena->id << EP__ARENA_LOG2);
}

static inline char *ep__arena_slot_start(const struct arena *arena, unsigned slot)
{
    return ep__arena_base(arena) + ((size_t)slot << EP__SLOT_LOG2);
}

/* The number of arena ids of a window that have been handed out. */
uint32_t ep__arena_ids_begun(struct window *window);

/* Of slots that the caller holds, from slot `first` on, the bytes before `end` are going to be touched. */
void ep__arena_mark_touched(struct arena *arena, unsigned first, size_t end);

/* Takes `count` adjacent slots, the first a multiple of `align` (a power of two) slots into its arena.
 * 1 <= count <= 16, align <= 64.  False when no arena has room. */
bool ep__arena_acquire(unsigned count, unsigned align, struct slots *got);

/* The same out of a new arena.  False when no memory can be had. */
bool ep__arena_create(unsigned count, unsigned align, struct slots *got);

/* Gives slots back.  Nothing of them, their descriptors included, is touched afterwards. */
void ep__arena_release(struct arena *arena, unsigned first, unsigned count);

/* Takes exactly the slots first .. first+count-1.  False when one of them is not free. */
bool ep__arena_acquire_at(struct arena *arena, unsigned first, unsigned count);

/* Takes out of the free set, without a thought for hints, what `wanted` names and is free; returns it. */
uint64_t ep__arena_take_free(struct arena *arena, uint64_t wanted);

/* Puts slots into the free set, moves the arena to its bucket and runs the retirement test. */
void ep__arena_give_free(struct arena *arena, uint64_t slots);

#endif
