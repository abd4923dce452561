/* Deferred frees and calls: what a thread has unlinked, until nobody can see it any more.
 *
 * Layer: cache.  Uses: epoch/grace, chunk, due.  Used by: cache (alloc, refill, thread), api.
 *
 * Nouns: a *deferral* is a block to be freed or a call to be made.  A thread has, for each of the two kinds, one
 * *open* chunk and a list of *closed* ones.  A closed chunk has one goal (grace.h) for all it holds; it is *due* when
 * the goal is over.  *Orphans* are chunks that threads have left behind.
 *
 *     ep_free_deferred ---> open --close: goal--> closed, by ascending goals --due--> freed, a group at a time
 *                                                     |            ^
 *                                   exit, idle: push  v            |  take whole: one new goal
 *                                                   orphans (one stack a kind)
 *
 * Algorithm.  A block is filed under its pool's bucket in the open chunk; nothing is written into it.  The chunk is
 * closed when it is full, when its blocks have EP__CHUNK_FREE_BYTES, when it is EP__CHUNK_MS old and somebody looks, and
 * by a poll.  The goal is taken after the last deferral has come, so it stands for all of them.  Each time a chunk is
 * opened the thread polls (one look at all sections a chunk).  What is due is freed in portions, by every 16th
 * deferral and by malloc's slow path, 32 blocks each, or 128 where more than one chunk is due, so that a grace
 * period's end makes no call long and the freed blocks do not overflow what the thread keeps; of one pool as many
 * as the portion allows, by one step of its ownership word.  Calls are run by ep_defer, a few a call, and by
 * polls; never by malloc, free or ep_free_deferred, because the program cannot know when those run.
 * Before a new arena is made, and before an allocation fails, what is due is freed until there is room: what waits
 * for a grace period is the reserve.
 * An exiting or idle thread closes its open chunks and pushes its lists on the orphans, whole; whoever polls next takes
 * the whole stack and gives all of it one new goal: later than need be, never too early, and the taker's list stays in
 * order.  A goal is a number, so who takes a chunk needs nothing of the thread that closed it.
 *
 * Bound.  Deferred bytes are counted by each thread, and summed by the poll that precedes a chunk.  While the sum is
 * deferred_bytes or more no chunk is opened: the deferral is refused with EAGAIN, unless the program has said that
 * it may go on (ep_epoch_on_stall).  So what waits is at most deferred_bytes, one chunk a thread and the last block of
 * each.
 *
 * Who may overlap: each list is its thread's; orphans are everybody's; calls that a thread runs may defer, poll, free
 * and allocate.
 * Invariants
 *   1. the goals of a list ascend, and each was given out after the last deferral of its chunk.
 *   2. a chunk is in one place: open, on one thread's list, or an orphan; each deferral is done once, by whose it is.
 *   3. WAITING_BLOCKS, _CALLS and _BYTES are what the open and closed chunks hold; the orphans' are counted apart.
 * Edges: DFO (a chain of orphans).
 * Fork: the forking thread keeps its chunks; those that other threads had not left behind are lost to the
 * child, and the orphans, which a thread may have been about to count, are counted anew.
 * Progress: lock-free.  Nothing here waits.
 * ABA: orphans are pushed to and taken whole.
 * Fails: no memory for a chunk: ENOMEM, and the block is still the caller's.
 * Source: amortised freeing: Kim, Brown, Singh, "Are Your Epochs Too Epic?" (PPoPP 2024).  The reserve: Prasad,
 * Gopinath, "Prudent Memory Reclamation in Procrastination-Based Synchronization" (ASPLOS 2016).
 */
#ifndef EPMALLOC_CACHE_DEFERRED_H
#define EPMALLOC_CACHE_DEFERRED_H

#include "cache/cache.h"
#include "cache/chunk.h"

enum {
    EP__CHUNK_FREE_BYTES = 1 << 16,
    EP__CHUNK_MS = 10,
};

/* Defers the free of a block.  0; EAGAIN: the bound is reached, and `may_exceed` is false; ENOMEM; EINVAL: no block of
 * ours starts there, and nothing has been done. */
int ep__deferred_free(void *p, bool may_exceed);

/* Defers a call.  0, EAGAIN or ENOMEM. */
int ep__deferred_call(struct call call, bool may_exceed);

/* Frees a portion of what is due; now and then looks what has become due.  From slow paths of malloc. */
void ep__deferred_step_slow(struct cache *cache);

static inline void ep__deferred_step(struct cache *cache)
{
    const struct deferrals *blocks = &cache->deferred[EP__DEFERRED_BLOCKS];
    if (ep__unlikely(blocks->first != NULL || blocks->open != NULL))
        ep__deferred_step_slow(cache);
}

/* Frees what can be freed without waiting, orphans' blocks too; says whether it was anything. */
bool ep__deferred_reclaim(struct cache *cache);

/* The same, and runs the calls that are due; returns how many of the thread's deferrals go on waiting. */
size_t ep__deferred_poll(struct cache *cache);

/* Whether deferrals of the thread wait for a goal up to this one. */
bool ep__deferred_waits(const struct cache *cache, uint64_t goal);

/* Leaves all chunks to whoever polls next. */
void ep__deferred_hand_over(struct cache *cache);

/* Of what threads have left behind: blocks, calls and bytes. */
uint64_t ep__deferred_orphans(enum ep__count count);

/* In a new child: counts the orphans anew. */
void ep__deferred_recount(void);

/* Sums up what waits, with the orphans. */
void ep__deferred_sum_up(struct grace_sum *sum);

#endif
