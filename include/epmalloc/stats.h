/*
 * epmalloc - statistics: where every byte is and what has happened, as structures and as documents.
 *
 * Included by epmalloc.h, whose head explains the words and the lines that docstrings end in.
 * docs/statistics.md has a row for each figure: unit, meaning, and how far it can be relied on while
 * other threads run.
 *
 * *At rest* means: every other thread has ended or called ep_thread_idle(), and none of them calls
 * epmalloc meanwhile. All figures are exact then.
 *
 * Every structure only ever grows at its end. ep_stats() is told by its caller how much of the
 * structure he knows; the others begin with struct_bytes, the size that the library knows.
 */
#ifndef EPMALLOC_STATS_H
#define EPMALLOC_STATS_H

#ifndef EPMALLOC_EPMALLOC_H
#error "include <epmalloc/epmalloc.h>"
#endif

/*
 * The process. The figures of the second group describe arenas and add up: at rest
 *
 *     total_bytes == in_use_bytes + available_bytes + run_bytes + unused_pool_bytes
 *                    + quantization_bytes + unaccounted_bytes == arenas x 4 MiB == arena_bytes
 *
 * with unaccounted_bytes and uncertain_bytes 0, and always
 *
 *     mapped_bytes == arena_bytes + huge_bytes + huge_cached_bytes
 *
 * The words are CPython's (Objects/obmalloc.c), where it has them.
 */
struct ep_stats {
    /* The program's view. */
    uint64_t allocated_bytes; /* blocks that the program holds: classes, runs, huge */
    uint64_t active_bytes;    /* pools, runs and huge blocks with at least one block in use */
    uint64_t resident_bytes;  /* the most that can be in memory, metadata included */
    uint64_t retained_bytes;  /* free memory that may be resident: what the option retain bounds */
    uint64_t mapped_bytes;    /* arenas and huge mappings, used or cached */
    uint64_t metadata_bytes;  /* map, descriptors, control blocks: outside mapped_bytes */
    /* Arenas. */
    uint64_t arenas;             /* arenas that hold pools now */
    uint64_t arena_bytes;        /* arenas x 4 MiB */
    uint64_t blocks_in_use;      /* blocks of pools that the program holds */
    uint64_t in_use_bytes;       /* the same, as class sizes */
    uint64_t available_bytes;    /* free blocks of pools in use, carved or not */
    uint64_t runs_in_use;        /* blocks of 32 KiB to 1 MiB */
    uint64_t run_bytes;          /* the same, as whole 64 KiB slots */
    uint64_t unused_pools;       /* free 64 KiB slots of arenas */
    uint64_t unused_pool_bytes;  /* the same in bytes */
    uint64_t quantization_bytes; /* what pools lose at their ends: colour and tail */
    uint64_t unaccounted_bytes;  /* slots in transition, neither free nor in a pool */
    uint64_t total_bytes;        /* the sum of the above */
    uint64_t uncertain_bytes;    /* part of in_use_bytes that may be free: blocks of pools that
                                  * another running thread owns privately */
    uint64_t dirty_bytes;        /* free slots that may still be resident */
    /* Huge blocks. */
    uint64_t huge_blocks;       /* blocks above 1 MiB that the program holds */
    uint64_t huge_bytes;        /* the same, as mapped bytes */
    uint64_t huge_cached_bytes; /* freed huge mappings kept for the next one */
    /* Lives of arenas. */
    uint64_t retired_arenas;   /* ranges kept mapped, their memory given back */
    uint64_t arenas_created;   /* since the process began, re-taken ranges included */
    uint64_t arenas_retired;   /* since the process began */
    uint64_t arenas_highwater; /* the most arenas there were at once */
    /* Memory that goes back. */
    uint64_t purges;       /* times that free memory was looked for to be given back */
    uint64_t purge_calls;  /* madvise() calls made */
    uint64_t purged_bytes; /* given back by them */
    /* Grace periods. */
    uint64_t grace_periods;  /* that a thread with deferred calls has seen the end of */
    uint64_t deferred_calls; /* calls of running threads that wait for one */
    /* Threads. */
    uint64_t threads;        /* that have a control block now */
    uint64_t threads_born;   /* since the process began */
    uint64_t held_bytes;     /* free blocks that threads may hold outside their current pools */
    uint64_t withheld_bytes; /* other threads' blocks that threads withhold in batches */
    /* Events: sums over all classes, threads and ended threads. */
    uint64_t refills;        /* times that a thread's list of a class had run dry */
    uint64_t pools_acquired; /* pools made of free slots */
    uint64_t pools_claimed;  /* ownerless pools claimed by who needed blocks */
    uint64_t pools_adopted;  /* full pools adopted by their first freer */
    uint64_t remote_batches; /* pushes of blocks into pools of others */
    uint64_t remote_blocks;  /* the blocks of these batches */
    uint64_t uncarved_bytes; /* pages inside pools in use that have gone back to the system */
};

/* One size class. */
struct ep_class {
    uint64_t struct_bytes;
    uint64_t index;              /* 0 to 79 */
    uint64_t block_bytes;        /* a block's size */
    uint64_t pools_owned;        /* pools that a thread owns */
    uint64_t pools_full;         /* ownerless pools without a free block */
    uint64_t pools_partial;      /* ownerless pools with some free blocks */
    uint64_t blocks_in_use;      /* blocks that the program holds */
    uint64_t blocks_available;   /* free ones */
    uint64_t blocks_uncertain;   /* part of blocks_in_use that may be free */
    uint64_t quantization_bytes; /* what the pools lose at their ends */
    uint64_t refills;            /* the events of struct ep_stats, for this class */
    uint64_t pools_acquired;
    uint64_t pools_claimed;
    uint64_t pools_adopted;
    uint64_t remote_batches;
    uint64_t remote_blocks;
};

/* One thread that has a control block. */
struct ep_thread {
    uint64_t struct_bytes;
    uint64_t id;             /* its owner id, given out again after its end */
    uint64_t held_bytes;     /* free blocks that it may hold outside its current pools */
    uint64_t withheld_bytes; /* other threads' blocks that it withholds in batches */
    uint64_t current_bytes;  /* the pools that it allocates from, whatever is free in them */
    uint64_t bound_bytes;    /* what held_bytes and withheld_bytes may come to now */
    uint64_t task;           /* the kernel's number of it, as gettid() gives it */
};

/*
 * ep_stats - where every byte is and what has happened, for one moment.
 *
 * Example:
 *     struct ep_stats stats;
 *     if (ep_stats(&stats, sizeof stats) != 0)
 *         return 1;
 *     printf("%llu bytes allocated\n", (unsigned long long)stats.allocated_bytes);
 *
 * stats     where the figures go.
 * size      sizeof *stats as the caller was compiled: fields that a later version appended are
 *           left out, fields that this version does not have are set to 0.
 * Returns 0, or -1 when stats is NULL or size is 0.
 * errno     EINVAL on failure, untouched on success.
 *
 * Threads   any, at any time; exact at rest, see docs/statistics.md.
 * Progress  lock-free; time in proportion to the number of arenas and of threads.
 * Signals   async-signal-safe; needs 16 KiB of stack.
 */
EP_API int ep_stats(struct ep_stats *stats, size_t size);

/*
 * ep_walk_classes - the size classes that have ever been used, one by one.
 *
 * Example:
 *     if (ep_walk_classes(NULL, NULL) != -1)
 *         return 1;
 *
 * visit     called for each class in the order of their sizes, with a structure that is valid
 *           during the call, and `argument`. A result other than 0 ends the walk.
 * argument  whatever visit needs.
 * Returns what the last call of visit returned; 0 where there was none; -1 when visit is NULL.
 * errno     EINVAL when visit is NULL, else untouched.
 *
 * Threads   any, at any time. The figures of all classes are taken before the first call; visit
 *           may call anything, epmalloc included.
 * Progress  lock-free, but for what visit does.
 * Signals   async-signal-safe when visit is; needs 16 KiB of stack.
 */
EP_API int ep_walk_classes(int (*visit)(const struct ep_class *, void *), void *argument);

/*
 * ep_walk_threads - the threads that have a control block, one by one.
 *
 * Example:
 *     if (ep_walk_threads(NULL, NULL) != -1)
 *         return 1;
 *
 * A thread has one from its first allocation or free beyond the fast path on until it ends. In a
 * forked child the other threads of the parent stay in the list for ever, with what they held.
 * visit, argument, Returns, errno   as ep_walk_classes().
 *
 * Threads   any, at any time; visit may call anything. A thread that is born or ends meanwhile is
 *           shown or not.
 * Progress  lock-free, but for what visit does.
 * Signals   async-signal-safe when visit is.
 */
EP_API int ep_walk_threads(int (*visit)(const struct ep_thread *, void *), void *argument);

/* The forms in which statistics are written. */
enum ep_stats_format {
    EP_STATS_TEXT,        /* a line a figure, for people */
    EP_STATS_JSON,        /* one object: "process", and lists "classes", "arenas", "threads" */
    EP_STATS_OPENMETRICS, /* OpenMetrics 1.0, for Prometheus and the like */
    EP_STATS_XML,         /* one element <epmalloc>, as in malloc_info()'s document */
};

/* What is written: a sum of these. */
enum ep_stats_parts {
    EP_STATS_PROCESS = 1,
    EP_STATS_CLASSES = 2, /* those that have ever been used */
    EP_STATS_ARENAS = 4,
    EP_STATS_THREADS = 8,
    EP_STATS_ALL = 15,
};

/*
 * ep_stats_write - writes statistics to a file descriptor.
 *
 * Example:
 *     if (ep_stats_write(1, EP_STATS_JSON, EP_STATS_PROCESS | EP_STATS_CLASSES) != 0)
 *         return 1;
 *
 * fd        a file descriptor that is open for writing. The document leaves in pieces of 1 KiB:
 *           what others write to the same file may come between them.
 * format    an enum ep_stats_format.
 * parts     a sum of enum ep_stats_parts.
 * Returns 0, or -1 when not all of the document could be written; a part of it may be out then.
 * errno     EINVAL for a format or parts that do not exist; else what write(2) said: EAGAIN where
 *           a descriptor that does not block takes no more, EPIPE, EBADF, EIO, ENOSPC and so on.
 *           An interrupted or partial write goes on and is no error. Untouched on success.
 *
 * Threads   any, at any time; each figure as docs/statistics.md says.
 * Progress  lock-free, but for write(2). Allocates nothing and uses no stdio.
 * Signals   async-signal-safe; needs 20 KiB of stack.
 */
EP_API int ep_stats_write(int fd, enum ep_stats_format format, unsigned parts);

/*
 * ep_metrics_write - writes everything as one OpenMetrics document: what a program answers to
 * whoever collects its metrics.
 *
 * Example:
 *     if (ep_metrics_write(1) != 0)
 *         return 1;
 *
 * The document is ep_stats_write()'s with EP_STATS_OPENMETRICS and EP_STATS_ALL, of content type
 * "application/openmetrics-text; version=1.0.0; charset=utf-8". Classes are labelled by their block
 * size, arenas by window and id, threads by owner id. A heap of very many arenas makes it long:
 * leave EP_STATS_ARENAS out then.
 * fd, Returns, errno   as ep_stats_write().
 *
 * Threads, Progress, Signals   as ep_stats_write().
 */
EP_API int ep_metrics_write(int fd);

/*
 * ep_stats_cpython - writes the table of CPython's sys._debugmallocstats() for this heap.
 *
 * Example:
 *     if (ep_stats_cpython(1) != 0)
 *         return 1;
 *
 * Line by line what CPython prints, with these differences: classes go to 32 KiB; runs have a line,
 * and so have slots in transition and blocks that another thread may hold free (only while threads
 * run); a pool has no header; the map's "mid nodes" are windows and its "bot nodes" groups of 64
 * arenas. "Total" is the sum of the lines above it, and equals arenas x 4 MiB.
 * fd, Returns, errno   as ep_stats_write().
 *
 * Threads   any, at any time; exact at rest.
 * Progress, Signals   as ep_stats_write().
 */
EP_API int ep_stats_cpython(int fd);

#endif /* EPMALLOC_STATS_H */
