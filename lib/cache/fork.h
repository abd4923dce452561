/* Fork: the child of a multithreaded process goes on allocating; nothing ever blocks fork.
 *
 * Layer: cache.  Uses: sys/vm, epoch, arena.  Used by: thread.
 *
 * Algorithm.  There is nothing to lock.  A page that reads as zero in a child (MADV_WIPEONFORK) is looked at on
 * slow paths; who finds it zero is in a new child (fork, _Fork and clone alike) and swaps the process's number in,
 * which is the parent's plus 1.  A thread notes the number in its epoch record before it opens a section, so a
 * record with another number and an open section belongs to a thread that is gone.  In the
 * child
 *   - the forking thread keeps its id, pools and lists: it was between two operations of its own;
 *   - ids of other threads stay taken for ever, so pools with their ids in the map are quarantined: frees into
 *     them are counted by the word, nothing is allocated from them;
 *   - sections of other threads are closed, or no grace period would end: the allocator's by the first thread that
 *     looks (ep__epoch_forget_others), because the forking thread is in none; the program's by the forking thread
 *     itself (ep__grace_forget_others), because only that one knows its own, which stays open.  It is the thread whose
 *     record bears the parent's number, or which has no record and the process's own number in the kernel.  Until
 *     it has looked the program's grace periods do not end in the child;
 *   - what another thread held in the middle of an operation (a slot, an arena, a batch) is lost: at most one
 *     pool, run or arena and batch_bytes of withheld blocks a thread.
 * PARTIAL and FULL pools and arena words are used: the child sees the other threads' memory as a causally
 * closed cut (tested, not promised by any standard).  fork:strict does without that assumption: all
 * windows of the parent are closed for allocation in the child.
 *
 * Where the kernel has no MADV_WIPEONFORK (before 4.14), children are not recognised: then sections that other
 * threads had open delay the return of address space in the child for ever, and fork:strict has no effect.
 *
 * Edges: FRK (the page).  Progress: wait-free.
 */
#ifndef EPMALLOC_CACHE_FORK_H
#define EPMALLOC_CACHE_FORK_H

#include "cache/cache.h"

/* Points into a page of its own that a fork wipes; NULL before the first birth. */
extern _Atomic(_Atomic(uint64_t) *) ep__fork_mark;

/* Recognises a new child and returns the process's number, counted by forks; `cache` is the calling thread's,
 * outside sections, or NULL.  Called before every section and before slots are acquired. */
uint64_t ep__fork_look(struct cache *cache);

/* Adopts the grace record of the calling thread's new control block. */
void ep__fork_adopt_record(struct cache *cache, uint64_t process);

/* Whether the calling thread has looked since the process began; true where children are not recognised. */
static inline bool ep__fork_is_known(struct cache *cache)
{
    /* order: acquire FRK -- pairs with make_mark */
    _Atomic(uint64_t) *page = ep__load_acquire(&ep__fork_mark);
    /* order: relaxed -- the thread's own number */
    uint64_t process = ep__load_relaxed(&cache->grace.process);
    /* order: acquire FRK -- pairs with recognise; zero only in a new child */
    return page == NULL || ep__load_acquire(page) == process;
}

#endif
