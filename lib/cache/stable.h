/* Type-stable caches: blocks that stay what they are while a reader may look at them.
 *
 * Layer: cache.  Uses: slab, deferred, alloc, free, lookup.  Used by: api.
 *
 * Nouns: a *stable cache* has blocks of one type, in slabs (slab.h).  A slab is known by its *id*, an index of the
 * cache's tables.  It is *vacant* when it has no memory.  A *lane* is where some of the threads looked last.  The *reserve*
 * is a slab that was wholly free when it became that.
 *
 *     a block        free <----> with the program                 at once: the next holder has the same type
 *     a slab         vacant ---> open ---> all free ---> claimed ---> vacant
 *     its memory     arena ----> run            deferred free of the run: a grace period ----> arena
 *
 * Algorithm.  Allocation takes a bit of the lane's slab, else of a hinted one, else of a new one; a free gives the
 * bit back.  Whoever makes a slab wholly free makes it the reserve; the reserve that it replaces, if it still is
 * wholly free, is claimed, and its memory goes to ep__deferred_free like any block: it becomes something else after a
 * grace period of the program's sections, when no reader can be left that had found a block of it.  So at rest at
 * most one slab is wholly free, and none that is used in turns is given back.
 *
 * Why memory does not change its type too early.  A reader has found the block in a section, linked.  Who unlinked it
 * freed it then (STB: give), who claimed the slab had that bit (STB: claim), and only then was the run deferred, whose goal
 * is given out after that.  So the section is one that the goal waits for (grace.h).  Nothing is written into the run
 * before: bits are out of band, and deferring writes nothing.
 *
 * A claim that fails, because a block was taken meanwhile, has held some bits for a moment.  A free that came then may
 * have seen the slab not free for that reason; so who failed looks again.
 * Hints follow the rule of partial.h: set after the bit, unconditionally, by who gives a bit of a word that had
 * none free; cleared by who has found nothing, who then looks again.
 * Where the deferral is refused (the bound on deferred bytes, or no memory) the slab is opened again, and stays.
 *
 * Who may overlap: allocation and free of any threads; creation and destruction are alone with their cache.
 * Invariants
 *   1. a slab that is open and has a free bit is hinted, or who will hint it is on the way.
 *   2. at rest at most one open slab is wholly free, but for refused deferrals.
 *   3. a vacant slab is in `vacant`, or some thread is about to open it or has just claimed it.
 * Edges: STH (a hint and the bits before it), STD (a descriptor, from who makes it to who looks at it), STV (a vacant
 * slab), STR (the reserve), STB (slab.h).
 * Progress: lock-free.  A thread stopped anywhere hides one slab.
 * Fork: nothing is a thread's own, so a child goes on; a block that another thread was just taking is lost.
 * Bad at: many threads allocating and freeing in one small cache meet at its words.  There is no list of a thread's own.
 * Source: SLAB_TYPESAFE_BY_RCU of Linux; slabs with bitmaps as in Bonwick, "The Slab Allocator" (USENIX Summer 1994).
 */
#ifndef EPMALLOC_CACHE_STABLE_H
#define EPMALLOC_CACHE_STABLE_H

#include "cache/slab.h"

enum {
    EP__STABLE_LANES = 16,
    EP__STABLE_SLABS = 1 << 18,
    EP__STABLE_BYTES_MAX = 1 << 16,
    EP__STABLE_ALIGNMENT_MAX = 1 << 12,
};

/* The slab that some of the threads took from last, and the word: id << 8 | word. */
struct lane {
    alignas(EP__CACHE_LINE_BYTES) _Atomic(uint32_t) place;
};

struct ep_cache {
    /* Set once. */
    struct slab_shape shape;
    bool is_stable; /* memory waits for a grace period */
    /* Any thread. */
    alignas(EP__CACHE_LINE_BYTES) _Atomic(uint32_t) used; /* ids given out: all below */
    _Atomic(uint32_t) reserve;                            /* an id plus 1; 0: none */
    struct lane lanes[EP__STABLE_LANES];
    _Atomic(uint64_t) hints[EP__STABLE_SLABS / 64];
    _Atomic(uint64_t) vacant[EP__STABLE_SLABS / 64];
    _Atomic(struct slab *) slabs[EP__STABLE_SLABS];
};

/* NULL: no memory. */
struct ep_cache *ep__stable_create(size_t size, size_t alignment, bool is_stable,
                                   void (*construct)(void *block));

/* NULL: no memory; errno is set. */
void *ep__stable_alloc(struct ep_cache *cache);

void ep__stable_free(struct ep_cache *cache, void *block);

/* 0; EBUSY: a block is in use, nothing has changed; ENOMEM: what could be given back was. */
int ep__stable_destroy(struct ep_cache *cache);

#endif
