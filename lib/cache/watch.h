/* Watching: the one word by which the slow paths ask whether anybody looks on.
 *
 * Layer: cache.  Uses: sys, record.  Used by: cache (alloc, refill, free); observe sets it.
 *
 * A *watcher* is a table of functions: the sampling profiler, the checking mode.  One watches at a time.  The slow
 * paths load one word and branch; the fast paths know nothing.  The word starts as "nobody has looked at the options
 * yet", so that the very first allocation of a process is watched where an option asks for it: then
 * ep__watch_begin(), which observe defines, is called.  It is the one call of cache that goes up.
 *
 * What is called
 *   allocate   by malloc's slow path, before anything else: the class's list is empty, or the size has no list.  It
 *              returns a block of ep__tracked_alloc(), or NULL: the ordinary way.  Whether the block reads as zero.
 *   refilled   after an empty list was filled: bin[class].current is the pool that malloc pops from now, its list
 *              begins with the block after the one that is about to be returned.  May cut it (ep__refill_keep).
 *   counted    the countdown of the pool that malloc pops from has ended, after a free of the owner's.  Starts it anew.
 *   resized    after realloc has resized a run or huge block in place or by moving its pages: it starts at p now,
 *              and has no record.  May attach one.
 *   freed      a tracked block has been freed, and its record is NONE or, after `keeps` has said so, KEPT.
 *   keeps      whether freed blocks are KEPT: then `freed` owns the block, and calls ep__tracked_give_back some time.
 *   misused    a tracked block was freed twice, at an address inside it, or with a wrong size: reports it and does
 *              not return.  NULL: the library's one line.
 * Those that are NULL are not called, but `allocate` must be there.
 * None of them may malloc or free, unless it marks itself busy first and then returns at once.  They are called on any
 * thread, also one without a control block, and inside no section.
 *
 * Who may overlap: everything.  A watcher's table lives for ever; a thread may call into it after another has set the
 * next one.
 * Edges: WCH (what a watcher has prepared, from who sets the word to who calls).
 * Progress: wait-free.
 */
#ifndef EPMALLOC_CACHE_WATCH_H
#define EPMALLOC_CACHE_WATCH_H

#include "cache/record.h"

enum ep__misuse {
    EP__MISUSE_DOUBLE_FREE,
    EP__MISUSE_INTERIOR,   /* an address in the block that is not its start */
    EP__MISUSE_WRONG_SIZE, /* a sized free */
    EP__MISUSE_REALLOC,    /* realloc of what is not a block in use */
};

struct cache;

struct watch {
    void *(*allocate)(size_t size, size_t alignment, bool *is_zero);
    void (*refilled)(struct cache *cache, unsigned class);
    void (*counted)(struct cache *cache, unsigned class);
    void (*resized)(void *p, size_t size);
    void (*freed)(const struct tracked *tracked);
    bool (*keeps)(const struct tracked *tracked);
    void (*misused)(enum ep__misuse misuse, const void *p, const struct tracked *tracked);
};

extern _Atomic(const struct watch *) ep__watch_word;
extern const struct watch ep__watch_unread;

/* Defined by observe: sets the watcher that the options ask for, or NULL.  Any thread, more than once. */
void ep__watch_begin(void);

/* Sets the watcher; NULL: nobody. */
void ep__watch_set(const struct watch *watch);

/* The first look of a process. */
const struct watch *ep__watch_first(void);

/* Who watches; NULL: nobody. */
static inline const struct watch *ep__watch_get(void)
{
    /* order: acquire WCH -- pairs with ep__watch_set; carries what the watcher has prepared */
    const struct watch *watch = ep__load_acquire(&ep__watch_word);
    return ep__likely(watch != &ep__watch_unread) ? watch : ep__watch_first();
}

#endif
