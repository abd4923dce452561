/*
 * epmalloc/profile.h - which calls of the program have allocated what is in use.
 *
 * Included by epmalloc.h. A sample of all allocations is taken, one in so many bytes, with the calls
 * that led to it; what the samples stand for adds up to a profile. docs/profiling.md shows how to
 * get from a profile to the line that leaks.
 */
#ifndef EPMALLOC_PROFILE_H
#define EPMALLOC_PROFILE_H

#ifndef EPMALLOC_EPMALLOC_H
#error "include <epmalloc/epmalloc.h>"
#endif

/* How a profile is written. */
enum ep_profile_format {
    EP_PROFILE_PPROF,      /* profile.proto, gzipped: for pprof and what reads its files */
    EP_PROFILE_JEMALLOC,   /* text "heap_v2/...": for jeprof */
    EP_PROFILE_GPERFTOOLS, /* text "heap profile: ...": for google-pprof */
    EP_PROFILE_SUMMARY     /* text for people: totals, lifetimes, threads */
};

/* What a profile shows as in use. */
enum ep_profile_kind {
    EP_PROFILE_HEAP,  /* what is in use now */
    EP_PROFILE_PEAK,  /* what was in use when the heap was biggest */
    EP_PROFILE_GROWTH /* what is in use now, and was not at the last ep_profile_mark() */
};

/*
 * ep_profile_start - begins to sample allocations.
 *
 * Example:
 *     if (ep_profile_start(0) != 0)
 *         perror("ep_profile_start");
 *
 * interval_bytes  the mean distance of two samples in bytes, 1 to 2^32; 0: the option `sample`. It is
 *                 the same for the life of the process.
 * Returns 0, or -1.
 * errno     EINVAL: the interval is out of its range, or not that of an earlier start.
 *           EBUSY: the checking mode watches all allocations.
 *
 * Other threads are sampled from where they next come to a slow path. The first start loads the
 * compiler's unwinder (libgcc_s).
 * Threads   any, at any time.
 * Progress  lock-free, but for the dynamic linker's lock at the first start.
 * Signals   not in a handler; the option `profile_signal` is for that.
 * Source    the correction by size: Go's runtime/pprof, scaleHeapSample().
 */
EP_API int ep_profile_start(size_t interval_bytes);

/*
 * ep_profile_stop - samples no further allocations.
 *
 * Example:
 *     ep_profile_stop();
 *
 * What was sampled stays in the profile, and leaves it when it is freed.
 * errno     untouched.
 *
 * Threads   any, at any time.
 * Progress  wait-free.
 * Signals   async-signal-safe.
 */
EP_API void ep_profile_stop(void);

/*
 * ep_profile_write - writes the profile to a file.
 *
 * Example:
 *     int file = open("heap.pb.gz", O_WRONLY | O_CREAT | O_TRUNC, 0666);
 *     if (ep_profile_write(file, EP_PROFILE_PPROF, EP_PROFILE_HEAP) != 0)
 *         perror("ep_profile_write");
 *     close(file);
 *
 * file      a file descriptor that can be written.
 * format    how it is written.
 * kind      what it shows.
 * Returns 0, or -1.
 * errno     EINVAL: no such format or kind, or nothing was ever sampled. ENOMEM. Or what the writing said.
 *
 * Sizes are those of the blocks, which are up to an eighth bigger than what was asked for.
 * Threads   any, at any time; what is allocated meanwhile is in the profile or not.
 * Progress  lock-free, but for the writing.
 * Signals   async-signal-safe.
 */
EP_API int ep_profile_write(int file, enum ep_profile_format format, enum ep_profile_kind kind);

/*
 * ep_profile_mark - remembers what is in use, for profiles of what has grown since.
 *
 * Example:
 *     ep_profile_mark();
 *
 * errno     untouched.
 *
 * Threads   any, at any time; the last one counts.
 * Progress  lock-free.
 * Signals   async-signal-safe.
 */
EP_API void ep_profile_mark(void);

/* What ep_leaks_write() has found. */
struct ep_leaks {
    size_t struct_bytes;    /* sizeof(struct ep_leaks), set by the caller */
    uint64_t leaked_blocks; /* that nothing points at */
    uint64_t leaked_bytes;
    uint64_t uncertain_blocks; /* as above, but of other threads' pools: perhaps free */
    uint64_t uncertain_bytes;
    uint64_t reachable_blocks;
    uint64_t reachable_bytes;
};

/*
 * ep_leaks_write - looks for blocks that nothing points at, and writes a report.
 *
 * Example:
 *     struct ep_leaks leaks = {.struct_bytes = sizeof leaks};
 *     if (ep_leaks_write(2, &leaks) == 0 && leaks.leaked_blocks != 0)
 *         abort();
 *
 * file      a file descriptor that can be written.
 * leaks     where the sums are stored; may be NULL.
 * Returns 0, or -1.
 * errno     EINVAL: struct_bytes is not right. EAGAIN, ENOMEM: no child process. EIO: the child has failed.
 *
 * A child process looks, so that the program goes on meanwhile; the caller waits for it. Everything
 * that may hold a pointer is searched: data segments, mapped memory, stacks (of other threads also what
 * has been left of them), the caller's registers, and the blocks that are found. A pointer anywhere into a block
 * keeps it. Registers of other threads cannot be seen.
 * All blocks are counted. Call sites are told of those that were sampled, or of all in checking mode.
 * Threads   any, at any time.
 * Progress  waits for the child.
 * Signals   not in a handler.
 */
EP_API int ep_leaks_write(int file, struct ep_leaks *leaks);

#endif /* EPMALLOC_PROFILE_H */
