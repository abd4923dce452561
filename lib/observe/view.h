/* Views: what one look at the heap's tables says.
 *
 * Layer: observe.  Uses: arena, pool, cache.  Used by: account (sums), walk (one by one), figures.
 *
 * Nouns: a *view* is what stands at a slot of an arena, all of one generation of the pool's word.
 *
 * Algorithm.  A pool's word is read, then what belongs to it, then the word again, until the generation has stayed
 * the same in between.  The free blocks of a pool follow from its word alone where nobody owns it, and from the lists
 * themselves where the calling thread does.  Another thread's pool hides its private list: then only what others have
 * freed into it is known to be free.  What the calling thread withholds in batches is free, and in no other count.
 *
 * Any thread, beside anything; reads tables, and of blocks only those that the calling thread has on its lists.
 * Async-signal-safe.  Progress: lock-free (a look is repeated when the pool has changed hands).
 */
#ifndef EPMALLOC_OBSERVE_VIEW_H
#define EPMALLOC_OBSERVE_VIEW_H

#include "cache/cache.h"

enum ep__view_kind {
    EP__VIEW_TRANSITION, /* neither free nor in a pool: about to be acquired or given back */
    EP__VIEW_POOL,
    EP__VIEW_RUN,
};

struct view {
    enum ep__view_kind kind;
    struct arena *arena;
    struct pool *pool;
    unsigned slot;
    unsigned slots;
    /* Of a pool. */
    enum ep__pool_state state;
    unsigned class;
    unsigned pool_kind;   /* the class, or EP__KIND_TRACKED + class */
    uint32_t start;       /* offset of the first block */
    uint32_t owner;       /* the thread whose id the map has; EP__OWNER_NOBODY: none */
    uint32_t free_blocks; /* known to be free */
    bool is_own;          /* the calling thread's */
    bool is_exact;        /* all others are in use */
    /* Of a run. */
    size_t run_bytes;
};

/* Looks at what starts in a slot that is not free. */
void ep__view_slot(struct arena *arena, unsigned slot, struct view *view);

bool ep__view_is_in_use(struct arena *arena);

/* The arena's free slots; what stands in the others is looked at after it. */
uint64_t ep__view_free(struct arena *arena);

/* The first arena in use from (*window, *id) on, which are set to where it is; NULL: there is none. */
struct arena *ep__view_next_arena(unsigned *window, uint32_t *id);

#endif
