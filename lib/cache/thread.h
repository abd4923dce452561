/* Threads: birth, exit, owner ids and control blocks.
 *
 * Layer: cache.  Uses: sys, epoch, arena, pool.  Used by: cache, observe.
 *
 * Algorithm.  A thread is born by its first slow path: it takes the lowest free owner id out of a bitmap, finds
 * the id's control block (blocks are mapped in chunks, published by one compare-and-swap, never unmapped), fills
 * its thread-local block and sets one pthread key, whose destructor is the thread's exit.  The order of the
 * exit: the tag becomes the reserved one; batches leave, without adoption; every pool is released; what is
 * deferred is handed over, and the thread's sections end; the id is released, with release order, so that the next thread with
 * this id finds no map entry, pool or entry of ours.  After its exit, and when ids or memory have run out, a
 * thread works detached (detached.h).
 *
 * The key is made at load, or by the first birth when that comes earlier, by compare-and-swap: who loses
 * deletes his.  A low key number makes pthread_setspecific allocate nothing; if it does allocate, the
 * thread is already born by then.
 *
 * Who may overlap: births and exits of any number of threads.
 * Invariants: an id's bit is set exactly while a thread may have it in a map entry; in a forked child the
 * other threads' bits stay set for ever.
 * Edges: IDS (a control block, from exit to birth), CTL (a chunk of control blocks), KEY (the pthread key).
 * Progress: lock-free.  ABA: ids are bits of a set.
 */
#ifndef EPMALLOC_CACHE_THREAD_H
#define EPMALLOC_CACHE_THREAD_H

#include "cache/cache.h"

enum { EP__IDS_LOG2 = 18 };

/* The calling thread's control block; born where need be.  NULL: it works detached. */
struct cache *ep__thread_born(void);

static inline struct cache *ep__thread_cache(void)
{
    struct cache *cache = ep__tls.cache;
    return ep__likely(cache != NULL) ? cache : ep__thread_born();
}

/* Releases every pool of the calling thread, and sends its batches. */
void ep__thread_release_all(struct cache *cache, bool adopt);

/* Ids in use now. */
uint32_t ep__thread_count(void);

/* The control block with the lowest id from *id on that a thread has ever had, its id in *id, and whether a thread has
 * it now; NULL: there is none.  Only what cache.h says that others may read of it is to be read. */
struct cache *ep__thread_next(uint32_t *id, bool *is_alive);

/* Bytes of control blocks mapped. */
size_t ep__thread_metadata_bytes(void);

#endif
