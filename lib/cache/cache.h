/* The pool cache: what one thread owns.
 *
 * Layer: cache.  Uses: sys, epoch, arena, pool.  Used by: observe, api.
 *
 * Nouns: a *control block* (struct cache) belongs to one thread at a time and is found by the thread's owner
 * id.  A *bin* is one size class of it.  Of its pools one is *current* (malloc pops what was its list),
 * some are *usable* (at least 1/8 free), some *held* (full or nearly; kept so that their next frees are
 * local).  A pool's *charge* is what it counts against the thread's quota in bytes.
 *
 *     thread ---- tls (heads of classes to 512 bytes, tag) ---- cache
 *                                                               heads of the other classes
 *                                                               bin[class]: current, usable list, held list
 *                                                               outbound batches
 *                                                               deferred frees and calls
 *                                                               epoch record, grace record
 *
 * Files: thread (birth, exit, ids), refill (a list has run dry), free (what the fast path of free does not
 * do), reuse and batch (other threads' blocks), quota (what a thread may hold), detached (threads without a control
 * block), fork (the child of a multithreaded process), lookup (which block is this?), section (the program's
 * epoch sections), deferred, due and chunk (what is freed when they have ended).
 *
 * Who may overlap: a control block is touched by its owner only, but for its two records; its counters and the bytes
 * that it holds are read by anybody.
 * Invariants (ep__cache_check)
 *   1. a pool is in exactly one place: current, usable or held.
 *   2. held_bytes == sum of the charges of the usable and held pools.
 *   3. the map entry of every pool here is the tag of the thread.
 * Progress: everything here is wait-free over the thread's own structures and lock-free where it calls pool
 * and arena.
 */
#ifndef EPMALLOC_CACHE_CACHE_H
#define EPMALLOC_CACHE_CACHE_H

#include "cache/tls.h"
#include "epoch/epoch.h"
#include "epoch/grace.h"

enum {
    EP__MEDIUM_CLASSES = EP__CLASSES - EP__SMALL_CLASSES,
    EP__BATCHES = 64,
    EP__BATCH_BYTES = 4096,
    EP__KEEPS_MAX = 8,
};

/* A batch that is being collected; batch.pool == NULL: none. */
struct open_batch {
    struct batch batch;
    uint32_t bytes;       /* a block's size */
    uint32_t room_blocks; /* that may still join; 1 or more */
};

struct pool_list {
    struct pool *first;
    struct pool *last;
    uint32_t count;
};

struct bin {
    struct pool *current;
    struct pool_list usable;
    struct pool_list held;
    uint32_t shared_bytes; /* in blocks got from pools that are shared (alloc.c) */
    uint32_t keeps;        /* 0: full pools are disowned; otherwise held.  Why: refill.h */
    /* What reuse.h says. */
    uint32_t
        reuse_most; /* others' blocks that may join the list that malloc pops between two refills */
    uint32_t reuse_room; /* that still may */
    uint32_t reuse_wait; /* blocks that go home before the list is counted again */
    uint32_t reuse_sent; /* blocks that have gone home for want of room */
    bool has_reused;     /* one has joined the list since the last refill */
};

/* What has happened to the pools of one class, counted by the thread to which it happened. */
struct class_events {
    _Atomic(uint64_t) refills;        /* times that the list which malloc pops had run dry */
    _Atomic(uint64_t) acquired;       /* pools made of free slots */
    _Atomic(uint64_t) claimed;        /* PARTIAL pools claimed */
    _Atomic(uint64_t) adopted;        /* pools adopted */
    _Atomic(uint64_t) remote_batches; /* pushes of blocks to pools that others own, or nobody */
    _Atomic(uint64_t) remote_blocks;  /* the blocks of these batches */
};

enum ep__deferred_kind {
    EP__DEFERRED_BLOCKS = EP__WAITING_BLOCKS,
    EP__DEFERRED_CALLS = EP__WAITING_CALLS,
    EP__DEFERRED_KINDS
};

/* What the thread has deferred, of one kind; deferred.h. */
struct deferrals {
    struct chunk *open;  /* takes the next deferral */
    struct chunk *first; /* closed ones, by ascending goals */
    struct chunk *last;
};

/* Where the sampling profiler's next sample of a class lies; observe/sampling.h. */
struct point {
    uint64_t until;    /* allocations before it, when the list was last looked at */
    struct pool *pool; /* that was popped from then; NULL: the list was empty */
    uint32_t given;    /* blocks that the list had then */
    bool is_drawn;
};

struct sampler {
    uint64_t session; /* of the profiler, and birth of the thread, that the rest belongs to */
    uint64_t random;
    uint64_t big_bytes; /* of runs and huge blocks before the next one that is sampled */
    struct point points[EP__CLASSES];
};

/* In this order, because a thread that allocates little touches the first two pages of it only. */
struct cache {
    alignas(EP__CACHE_LINE_BYTES) struct block *heads[EP__MEDIUM_CLASSES];
    uint32_t tag;
    uint32_t colour;
    uint32_t giving_class; /* where the quota gives pools up next */
    uint32_t reuse_bytes;  /* of the blocks that may be reused, all classes together */
    /* Written by the owner only; read by whoever asks what the thread holds. */
    _Atomic(size_t) held_bytes;     /* charges of usable and held pools */
    _Atomic(size_t) withheld_bytes; /* in the open batches */
    _Atomic(size_t) current_bytes;  /* the current pools' slots */
    /* Written by the owner only, never reset: they count for all threads that have had this control block. */
    _Atomic(uint64_t) births;
    struct deferrals deferred[EP__DEFERRED_KINDS];
    uint32_t deferred_looks; /* steps since the thread looked at all sections */
    bool is_calling;         /* a deferred call of the program runs */
    struct epoch_record epoch;
    struct grace_record grace;
    struct class_events events[EP__CLASSES]; /* as births */
    struct bin bins[EP__CLASSES];
    struct open_batch batches[EP__BATCHES];
    struct sampler sampler; /* owner only; untouched while nothing is sampled */
};

/* Adds to one of the owner's counters. */
static inline void ep__cache_count(_Atomic(uint64_t) *counter, uint64_t more)
{
    /* order: relaxed -- statistics; nobody else writes, and IDS orders one owner after the other */
    (void)ep__add_own_relaxed(counter, more);
}

/* Says which pool of a class is current; NULL: none. */
static inline void ep__cache_set_current(struct cache *cache, unsigned class, struct pool *pool)
{
    size_t bytes = (size_t)ep__size_classes[class].slots << EP__SLOT_LOG2;
    cache->bins[class].current = pool;
    /* order: relaxed -- others only show the sum to people */
    (void)ep__add_own_relaxed(&cache->current_bytes, pool != NULL ? bytes : (size_t)0 - bytes);
}

/* The list that malloc pops for a class. */
static inline struct block **ep__cache_head(struct cache *cache, unsigned class)
{
    return class < EP__SMALL_CLASSES ? &ep__tls.heads[class + 1]
                                     : &cache->heads[class - EP__SMALL_CLASSES];
}

/* The slow path of malloc, for any size.  NULL and ENOMEM when there is none to be had. */
void *ep__cache_malloc(size_t size);

/* The same for a size of at most 512 bytes.  `units`, the size in units of 16 bytes, is what the fast path has in a
 * register; as a second argument it stays out of the one in which the fast path's result is returned. */
void *ep__cache_malloc_small(size_t size, size_t units);

/* The slow path of calloc: `bytes` zeroed bytes; pages known to be zero are not written. */
void *ep__cache_calloc(size_t bytes);

/* A block at a multiple of `alignment`, a power of two. */
void *ep__cache_aligned(size_t alignment, size_t size);

/* A run or a huge block, for what no class serves; not tracked. */
void *ep__cache_big(size_t size, size_t alignment, bool *is_zero);

/* The slow path of free, for any pointer; the same where the program says how big the block is. */
void ep__cache_free(void *p);
void ep__cache_free_sized(void *p, size_t size);

/* The fast path's pool has counted down: park it again, or settle it. */
void ep__cache_free_event(struct pool *pool);

/* Bytes that the program may use of the block at p; 0 when it is not ours or NULL.  Async-signal-safe. */
size_t ep__cache_usable_size(const void *p);

/* Whether p is the start of a block of ours in use.  Async-signal-safe. */
bool ep__cache_owns(const void *p);

/* Resizes a run where it stands or a huge block, which may move; NULL: copy instead. */
void *ep__cache_realloc_inplace(void *p, size_t size);

/* Whether the block at p ends for the program where it was asked to end, so that realloc must not leave it in place. */
bool ep__cache_is_exact(const void *p);

/* realloc was given p, at which no block in use starts: reports it, where it lies in a tracked one. */
void ep__cache_refuse_realloc(const void *p);

/* Gives up the calling thread's pools and batches. */
void ep__thread_idle(void);

/* Gives everything free back to the system; returns its bytes. */
size_t ep__cache_purge(void);

#endif
