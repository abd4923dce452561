/* Pools: blocks of one size class, and the word that says whose they are.
 *
 * Layer: pool.  Uses: sys, arena, size_class, partial.  Used by: cache, observe.
 *
 *     word = head : 16 | count : 16 | state : 2 | generation : 30
 *
 * head is a block's offset from the pool's first slot in units of 16 bytes, or EP__POOL_NO_HEAD; it starts a
 * list of blocks linked through their first words and ended by NULL.
 *
 *     state    who may touch the private fields    count
 *     FREE     who holds the slots                 0
 *     OWNED    the owner                           blocks on the list: freed by others, not yet taken
 *     FULL     nobody                              0: every block is with the program
 *     PARTIAL  nobody                              capacity - live blocks (those on the private list and
 *                                                  the uncarved ones included)
 *
 *             acquire           release, all out           adopt
 *      FREE ----------> OWNED ----------------> FULL ----------------> OWNED
 *       ^                | ^                      | no adopter wanted
 *       |  empty         | |  claim               v
 *       +----------------+ +--------------- PARTIAL <---- release -- OWNED
 *       +--------------------------------------+   last block freed
 *
 * Algorithm.  Every arrow is one compare-and-swap on the word; a remote free is one for a whole batch.  Lists
 * are pushed to and taken whole, never popped: no ABA, no read of a block that another thread may own.
 * In PARTIAL the count alone says when all blocks are free, because no private count may be read beside the
 * word (it belongs to the next claimer).  On becoming owner: word, private fields, map entry.  On giving up:
 * map entry, private fields, word.  A thread that finds FREE under a block reports misuse and writes nothing.
 *
 * Who may overlap       push  take  release  claim  empty  acquire
 *   push (any thread)     X     X     X        X      -      -
 *   take/release/empty    X     -     -        -      -      -     (the owner's, one at a time)
 *   claim (any thread)    X     -     X        X      -      -
 * (X: overlaps, decided by the word; -: excluded by ownership, or by a live block.)
 *
 * Invariants (capacity C; ep__pool_check)
 *   1. FREE, FULL: count == 0 and no head.     2. OWNED: the list has exactly count blocks.
 *   3. private list + uncarved + list + live == C in every state but FREE.
 *   4. PARTIAL: count == C - live, 1 <= count < C, so an all-free pool is never PARTIAL.
 *   5. the map holds id exactly while the thread with that id owns the pool (and is not giving it up).
 *
 * A pool of several slots is described by its first slot's descriptor.  The others have a sink and a
 * countdown of their own, so that a block that starts in them is freed by the same fast path; what was
 * freed is the sum over the slots.
 *
 * Edges: OWN (private fields, from who gives a pool up to who becomes owner), RMT (block links, from who frees
 * to who takes the list).
 * Generation: changes with every change of state; it is not needed for correctness (the model passes
 * without), it makes a stale claim fail early.  2^30 changes of one pool between two steps of one thread.
 * Progress: lock-free; a failed compare-and-swap means that another thread's free or claim succeeded.
 * A thread stopped at any instruction hides at most the pool it holds.
 * Source: the Promela model of this word (docs/design.md tells one remote free step by step).
 */
#ifndef EPMALLOC_POOL_POOL_H
#define EPMALLOC_POOL_POOL_H

#include "arena/arena.h"
#include "pool/size_class.h"

/* The first word of a free block; may alias whatever the program stored there. */
struct __attribute__((may_alias)) block {
    struct block *next;
};

enum ep__pool_state { EP__FREE = 0, EP__OWNED = 1, EP__FULL = 2, EP__PARTIAL = 3 };
#define EP__POOL_NO_HEAD 0xffffU
/* The countdown of a current pool: nothing is ever concluded from it. */
#define EP__POOL_PARKED ((uint32_t)1 << 31)

/* On which list of its owner's a pool is. */
enum ep__pool_place { EP__IN_NONE, EP__IN_CURRENT, EP__IN_USABLE, EP__IN_HELD };

struct pool {
    /* Owner only (FREE: who holds the slots; FULL, PARTIAL: nobody). */
    struct block *
        *sink; /* where the owner's frees go: the list that malloc pops, or the pool's `list` */
    uint32_t countdown; /* the owner's frees into this slot until something happens */
    uint32_t step;      /* where the countdown of each slot started at the last event */
    struct block *list; /* free blocks that malloc does not pop */
    uint32_t listed;    /* blocks on `list` at the last event */
    uint16_t carved;    /* blocks that exist */
    uint16_t mark;      /* carving has come to here: the first block that never existed (carve.h) */
    uint8_t place;      /* enum ep__pool_place */
    uint32_t last_owner; /* who released it last */
    struct pool *next;   /* in the class's list */
    struct pool *prev;
    uint64_t holes; /* pages below the mark that have gone back to the system (uncarve.h) */
    /* Any thread. */
    alignas(EP__CACHE_LINE_BYTES) _Atomic(uint64_t) word;
    _Atomic(uint32_t) run_slots; /* of a run: its length */
    _Atomic(uint32_t)
        looked; /* a hint: what the word was when pages were last looked for (uncarve.h) */
    /* Set at acquisition, before any block is given out. */
    _Atomic(uint16_t) start; /* offset of the first block: the colour */
    uint8_t class;
    uint8_t kind; /* class, or EP__KIND_TRACKED + class: which pools it is searched among */
    uint8_t
        distance; /* of an inner slot: slots up to the pool's first, whose descriptor is the pool's */
    bool is_zero; /* uncarved pages read as zero */
    /* Set at the first acquisition, and the same ever after. */
    uint8_t slot; /* in the arena */
    struct arena *arena;
    char *base; /* the slot's start */
};
_Static_assert(sizeof(struct pool) == EP__DESCRIPTOR_BYTES, "lookup shifts by 7");

/* A chain of k blocks of one pool, last->next unset. */
struct batch {
    struct pool *pool;
    struct block *first;
    struct block *last;
    uint32_t count;
};

enum ep__push_result {
    EP__PUSHED,
    EP__ADOPTED, /* the caller owns the pool now, its list is the batch; the map is still to be written */
    EP__EMPTIED, /* all blocks were free: the pool has gone back to its arena */
    EP__LOST,    /* inside pool.c: another thread was first, look again */
};

static inline struct pool *ep__pool_at(const struct window *window, uint32_t slot)
{
    return (struct pool *)(void *)(window->pools + (size_t)slot * EP__DESCRIPTOR_BYTES);
}

static inline uint64_t ep__word_make(uint32_t head, uint32_t count, enum ep__pool_state state,
                                     uint32_t generation)
{
    return (uint64_t)head << 48 | (uint64_t)count << 32 | (uint64_t)state << 30 |
           (generation & 0x3fffffffU);
}

static inline uint32_t ep__word_head(uint64_t word)
{
    return (uint32_t)(word >> 48);
}

static inline uint32_t ep__word_count(uint64_t word)
{
    return (uint32_t)(word >> 32) & 0xffffU;
}

static inline enum ep__pool_state ep__word_state(uint64_t word)
{
    return (enum ep__pool_state)(word >> 30 & 3U);
}

static inline uint32_t ep__word_generation(uint64_t word)
{
    return (uint32_t)word & 0x3fffffffU;
}

/* The word, for hints and reports; relaxed: nothing may be concluded without a compare-and-swap. */
static inline uint64_t ep__pool_word(struct pool *pool)
{
    /* order: relaxed -- a stale word fails the compare-and-swap that follows, or is only counted */
    return ep__load_relaxed(&pool->word);
}

/* The map's entry for a pool's first slot. */
static inline _Atomic(uint32_t) *ep__pool_owner(const struct pool *pool)
{
    struct window *window = pool->arena->window;
    return &window->owners[pool->arena->id * EP__ARENA_SLOTS + pool->slot];
}

static inline void ep__pool_map(struct pool *pool, uint32_t owner)
{
    _Atomic(uint32_t) *entries = ep__pool_owner(pool);
    for (unsigned i = 0; i < ep__size_classes[pool->class].slots; i++) {
        /* order: relaxed -- only the owner's own free relies on its id, and it stored it itself; others' stale
         * values only send them to the word */
        ep__store_relaxed(&entries[i], owner);
    }
}

/* The offset of the first block. */
static inline uint32_t ep__pool_start(struct pool *pool)
{
    /* order: relaxed -- who has a block got it with an order from who wrote it; without one any value will do */
    return ep__load_relaxed(&pool->start);
}

/* Whether p, in one of the pool's slots, starts a block. */
static inline bool ep__pool_starts_block(struct pool *pool, const void *p)
{
    const struct size_class *size = &ep__size_classes[pool->class];
    size_t offset = (size_t)((const char *)p - pool->base) - ep__pool_start(pool);
    if (offset >= (size_t)size->capacity * size->bytes)
        return false;
    return ep__size_class_divide(pool->class, (uint32_t)offset) * size->bytes == offset;
}

/* The pool that a slot's descriptor belongs to. */
static inline struct pool *ep__pool_of_slot(struct pool *slot)
{
    return slot - slot->distance;
}

/* Sends the owner's frees to a list, and starts all slots' countdowns. */
static inline void ep__pool_wind(struct pool *pool, struct block **sink, uint32_t step)
{
    for (unsigned i = 0; i < ep__size_classes[pool->class].slots; i++) {
        pool[i].sink = sink;
        pool[i].countdown = step;
    }
    pool->step = step;
}

/* The class of a kind. */
static inline unsigned ep__kind_class(unsigned kind)
{
    return kind < EP__KIND_TRACKED ? kind : kind - EP__KIND_TRACKED;
}

/* A pool of a kind out of a free place of an arena, or out of a new arena: OWNED, private fields set, not
 * mapped.  NULL: there is no room, or no memory. */
struct pool *ep__pool_acquire(unsigned kind, uint32_t colour, bool from_new_arena);

/* The descriptor of slots that the caller has just taken, its constants set. */
struct pool *ep__pool_describe(const struct slots *slots);

/* Gives an OWNED pool that has all its blocks, and nothing on the word's list, back to its arena.
 * The caller has unlinked it; the map entry is cleared here. */
void ep__pool_empty(struct pool *pool);

/* Frees a batch, from any thread.  A FULL pool is adopted when `adopt`, else it becomes PARTIAL. */
enum ep__push_result ep__pool_push_remote(const struct batch *batch, bool adopt);

/* The owner takes what others have freed: the chain, and its length in *count. */
struct block *ep__pool_take_remote(struct pool *pool, uint32_t *count);

/* The owner looks at what others have freed, and leaves it there: the chain, which only grows at its front. */
const struct block *ep__pool_peek_remote(struct pool *pool);

/* The owner lets go of a pool with `listed` blocks on its private list: FULL, PARTIAL, or back to its arena.
 * The caller has unlinked it. */
void ep__pool_release(struct pool *pool, uint32_t listed);

/* Takes a PARTIAL pool of the kind; *chain is what others had freed.
 * The private fields are the caller's, the map is still to be written. */
bool ep__pool_claim(struct pool *pool, unsigned kind, struct block **chain);

/* Free blocks that the owner's private list has, from the countdowns.  Not for a current pool. */
static inline uint32_t ep__pool_listed(const struct pool *pool)
{
    uint32_t listed = pool->listed;
    for (unsigned i = 0; i < ep__size_classes[pool->class].slots; i++)
        listed += pool->step - pool[i].countdown;
    return listed;
}

/* Pages of all pools that are holes; and says that there are more of them, or fewer. */
size_t ep__pool_hole_pages(void);
void ep__pool_note_holes(int64_t more_pages);

/* The number of blocks of a chain; more than any pool has where a block freed twice has closed it to a ring. */
uint32_t ep__pool_count_chain(const struct block *chain);

/* Puts a chain on the owner's list; returns its length, which the caller adds to `listed`.  Reports a ring. */
uint32_t ep__pool_join(struct pool *pool, struct block *chain);

bool ep__pool_check(struct pool *pool);

#endif
