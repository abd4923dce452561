/*
 * epmalloc - the heap walk: every arena, pool and block, while the program runs.
 *
 * Included by epmalloc.h, whose head explains the words and the lines that docstrings end in.
 *
 * A walk stops nobody and waits for nobody. It goes through the tables window by window, in each in the
 * order of addresses, huge blocks last, looks at each arena, pool or block once, and shows what was true at the moment
 * of the look; the next one is looked at later. What has stayed in use during the whole walk is shown
 * exactly once, and never as free. What comes or goes meanwhile is shown or not.
 *
 * What a look can know of a pool depends on whose it is:
 *
 *     pool                                    blocks in use            each block
 *     the calling thread's own                exact                    in use or free
 *     ownerless (full, partial), runs, huge   exact                    in use or free
 *     another running thread's                between least and most   unknown
 *
 * because a thread's list of free blocks is read by nobody else. At rest (stats.h) nothing is
 * unknown. Blocks of others' pools that the calling thread has freed and not sent yet are free.
 * For a look inside a partial pool ep_walk_blocks() owns it for that moment; a thread that looks for
 * a pool just then passes it over.
 *
 * The functions that are called may allocate, free, also what they are shown if the program holds
 * it, ask, and walk. They may not leave the walk by other ways than returning (longjmp, exceptions,
 * the end of the thread), and a child that they have forked may not return. They run inside an epoch section: no memory of an arena becomes inaccessible
 * before the walk is over, so it may be read, though its contents may change or read as zero. The
 * memory of a huge block may be touched by who holds the block only. (A thread that works without a
 * control block, after its exit destructors or as one of more than 2^18, has no section.) A walk
 * that takes long delays the return of address space, not of memory, and makes nobody wait.
 */
#ifndef EPMALLOC_WALK_H
#define EPMALLOC_WALK_H

#ifndef EPMALLOC_EPMALLOC_H
#error "include <epmalloc/epmalloc.h>"
#endif

/* Every structure only ever grows at its end; struct_bytes is the size that the library knows. */

/* One arena that is in use. */
struct ep_arena {
    uint64_t struct_bytes;
    uint64_t window;      /* the reservation it lies in, 0 mostly */
    uint64_t id;          /* in the window */
    void *start;          /* its first byte; it is 4 MiB long */
    uint64_t free_pools;  /* free slots of its 64 */
    uint64_t dirty_pools; /* free slots that may be resident */
    uint64_t occupancy;   /* the bucket of usable_arenas that it is in; 0: it has no free slot */
    uint64_t age_ms;      /* since it was made, last */
    uint64_t free_mask;   /* bit i: slot i is free */
    uint64_t dirty_mask;  /* bit i: slot i, free or not, may be resident */
};

enum ep_pool_kind {
    EP_POOL, /* blocks of one size class */
    EP_RUN,  /* one block of 32 KiB to 1 MiB, in slots of an arena */
    EP_HUGE, /* one block above 1 MiB, a mapping of its own */
};

enum ep_pool_state {
    EP_POOL_OWNED,   /* by the thread `owner` */
    EP_POOL_FULL,    /* ownerless, without a free block; runs and huge blocks too */
    EP_POOL_PARTIAL, /* ownerless, with free blocks */
};

/* One pool, run or huge block. */
struct ep_pool {
    uint64_t struct_bytes;
    const struct ep_arena *arena; /* it lies in, as it was just before; NULL: huge */
    enum ep_pool_kind kind;
    enum ep_pool_state state;
    uint64_t owner;        /* owner id, as in struct ep_thread; 0: nobody */
    uint64_t is_own;       /* 1: the calling thread is the owner */
    void *start;           /* first byte */
    uint64_t bytes;        /* from there on: whole slots, or the mapping */
    uint64_t class_index;  /* of EP_POOL, as in struct ep_class */
    void *first_block;     /* behind `start` by the pool's colour */
    uint64_t block_bytes;  /* a block's size */
    uint64_t blocks;       /* that it is cut into, one behind the other */
    uint64_t in_use_least; /* blocks in use */
    uint64_t in_use_most;
};

enum ep_block_state {
    EP_BLOCK_FREE,
    EP_BLOCK_IN_USE,
    EP_BLOCK_UNKNOWN, /* of a pool that another running thread owns */
};

/* One block. */
struct ep_block {
    uint64_t struct_bytes;
    const struct ep_pool *pool; /* it lies in, at the moment of the look */
    void *start;
    uint64_t bytes; /* ep_usable_size() */
    enum ep_block_state state;
};

/*
 * ep_walk_arenas - shows every arena in use.
 *
 * Example:
 *     if (ep_walk_arenas(NULL, NULL) != -1)
 *         return 1;
 *
 * visit     called for each arena, with a structure that is valid during the call, and `argument`.
 *           A result other than 0 ends the walk.
 * argument  whatever visit needs.
 * Returns what the last call of visit returned; 0 where there was none; -1 when visit is NULL.
 * errno     EINVAL when visit is NULL, else untouched.
 *
 * Threads   any, at any time. An arena's numbers are read one after the other: free_pools is
 *           free_mask's, the others may be later by a moment.
 * Progress  lock-free, but for what visit does.
 * Signals   as ep_malloc().
 */
EP_API int ep_walk_arenas(int (*visit)(const struct ep_arena *, void *), void *argument);

/*
 * ep_walk_pools - shows every pool, run and huge block.
 *
 * Example:
 *     if (ep_walk_pools(NULL, NULL) != -1)
 *         return 1;
 *
 * Free slots are in the free_mask of their arena and are not shown; slots that are being acquired or
 * given back at the moment of the look are not shown either.
 * visit, argument, Returns, errno   as ep_walk_arenas().
 *
 * Threads   any, at any time; which numbers are exact: above.
 * Progress  lock-free, but for what visit does. Reads tables only.
 * Signals   as ep_malloc().
 */
EP_API int ep_walk_pools(int (*visit)(const struct ep_pool *, void *), void *argument);

/*
 * ep_walk_blocks - shows every block, free ones too.
 *
 * Example:
 *     if (ep_walk_blocks(NULL, NULL) != -1)
 *         return 1;
 *
 * The blocks of a pool are looked at together, at one moment, and shown in the order of addresses.
 * Of pools that another running thread owns all blocks are shown as unknown.
 * visit, argument, Returns, errno   as ep_walk_arenas().
 *
 * Threads   any, at any time; which states are known: above.
 * Progress  lock-free, but for what visit does. A thread that is stopped inside a look hides at
 *           most the one pool.
 * Signals   as ep_malloc().
 */
EP_API int ep_walk_blocks(int (*visit)(const struct ep_block *, void *), void *argument);

#endif /* EPMALLOC_WALK_H */
