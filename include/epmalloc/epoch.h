/*
 * epmalloc - deferred free: memory is freed when no reader can still see it.
 *
 * Included by epmalloc.h, whose head explains the lines that docstrings end in.
 *
 * A *section* is what a thread does between ep_epoch_enter() and ep_epoch_exit(). A *grace period*
 * is over when every section that was open at its start has ended. A structure that is read in
 * sections, without locks, is changed like this: unlink an object with an atomic read-modify-write,
 * then ep_free_deferred() it; readers that still see it are in sections that its grace period waits
 * for. docs/deferred.md tells how it works.
 */
#ifndef EPMALLOC_EPOCH_H
#define EPMALLOC_EPOCH_H

#ifndef EPMALLOC_EPMALLOC_H
#error "include <epmalloc/epmalloc.h>"
#endif

/*
 * ep_epoch_enter - begins a section.
 *
 * Example:
 *     static _Atomic(int *) shared;
 *     ep_epoch_enter();
 *     int *seen = atomic_load_explicit(&shared, memory_order_acquire);
 *     int value = seen == NULL ? 0 : *seen;
 *     ep_epoch_exit();
 *     (void)value;
 *
 * What is reached in the section, by acquire loads from what is not unlinked, is not freed before
 * the section ends. Sections nest, to a depth of 4095. They need no registration and no memory of
 * the caller's. A long section delays all that is deferred meanwhile; it delays nothing else.
 * A section that is open when its thread calls fork() is open in the child too; the sections of
 * other threads end there. A thread's end ends its sections.
 * errno     untouched.
 *
 * Threads   any, at any time.
 * Progress  wait-free (one locked instruction) but for a thread's first call of epmalloc.
 * Signals   async-signal-safe on a thread that has allocated or entered before.
 * Ordering  what was unlinked before a deferral whose grace period began before the section is not
 *           found in it.
 */
EP_API void ep_epoch_enter(void);

/*
 * ep_epoch_exit - ends the section that the last ep_epoch_enter() of the thread began.
 *
 * Example:
 *     ep_epoch_enter();
 *     ep_epoch_enter();
 *     ep_epoch_exit();
 *     ep_epoch_exit();
 *
 * An exit without an enter is reported on stderr and aborts.
 * errno     untouched.
 *
 * Threads   the one that entered.
 * Progress  wait-free.
 * Signals   as ep_epoch_enter().
 * Ordering  what the section has read is read before anything is freed or called whose grace period
 *           waited for it.
 */
EP_API void ep_epoch_exit(void);

/*
 * ep_free_deferred - frees a block after a grace period.
 *
 * Example:
 *     void *node = ep_malloc(100);
 *     if (node != NULL && ep_free_deferred(node) != 0) {
 *         ep_epoch_barrier();
 *         ep_free(node);
 *     }
 *
 * p         a block in use, of any function of epmalloc, that has been unlinked; or NULL (nothing
 *           happens). It needs no header, and nothing is written into it before the grace period is
 *           over. A pointer that is not epmalloc's is reported as by ep_free() and ignored. A block
 *           that is deferred twice, or freed while it waits, is corruption of the program's heap;
 *           where it is seen, the process ends with one line.
 * Returns 0; -1 when the block has not been taken, and is still the caller's.
 * errno     EAGAIN when deferred_bytes or more are waiting (ep_epoch_on_stall() says what then);
 *           ENOMEM when there is no memory to remember it in (10 bytes a block); untouched on success.
 *
 * Blocks are freed in small portions by later calls of the same thread: by its ep_free_deferred(),
 * by its allocations where a size class's list has run out, and by ep_epoch_poll(). What a thread
 * leaves behind when it ends or calls ep_thread_idle() is freed by others.
 *
 * Threads   any, inside or outside sections.
 * Progress  lock-free; it never waits for a section.
 * Signals   as ep_malloc().
 * Ordering  what the thread did before happens before the block is given out again.
 */
EP_API int ep_free_deferred(void *p) EP_USE_RESULT;

/*
 * ep_defer - calls a function after a grace period.
 *
 * Example:
 *     void *node = ep_malloc(16);
 *     if (node != NULL && ep_defer(ep_free, node) != 0) {
 *         ep_epoch_barrier();
 *         ep_free(node);
 *     }
 *
 * function  called once, with `argument`, by a thread that calls ep_defer(), ep_epoch_poll() or
 *           ep_epoch_barrier(): so it must not need a lock that such a caller may hold. It may
 *           allocate, free, enter sections and defer, but not wait in ep_epoch_barrier(). It must
 *           return. Calls come in no particular order, and do not come any more once the process
 *           ends.
 * argument  any.
 * Returns 0; -1 when the call has not been taken.
 * errno     EAGAIN and ENOMEM as for ep_free_deferred(), where a call counts 16 bytes.
 *
 * Threads   any, inside or outside sections.
 * Progress  lock-free, but for the up to two calls that it runs.
 * Signals   as ep_malloc().
 * Ordering  what the thread did before happens before the call.
 */
EP_API int ep_defer(void (*function)(void *argument), void *argument) EP_USE_RESULT;

/*
 * ep_epoch_poll - frees and calls what the thread has deferred and nobody can see any more.
 *
 * Example:
 *     while (ep_epoch_poll() != 0)
 *         sched_yield();
 *
 * Includes what ended and idle threads have left behind.
 * Returns how many of the calling thread's deferrals go on waiting.
 * errno     untouched.
 *
 * Threads   any, inside or outside sections; a section of the caller's own delays its deferrals too.
 * Progress  lock-free, but for the calls that it runs; time in proportion to what is due, and to the
 *           number of threads that there ever were at once.
 * Signals   as ep_malloc().
 */
EP_API size_t ep_epoch_poll(void);

/*
 * ep_epoch_barrier - WAITS for a grace period, and until all that the thread has deferred is done.
 *
 * Example:
 *     if (ep_epoch_barrier() != 0)
 *         return 1;
 *
 * The only function of epmalloc that waits for other threads: for the sections that are open when it
 * is called. It sleeps 50 microseconds between two looks.
 * Returns 0: every section that was open at the call has ended, and all that the calling thread had
 * deferred before, and ended and idle threads had left behind, has been freed and called. -1 when
 * that would wait for ever.
 * errno     EDEADLK inside a section, or in a call that ep_defer() has deferred; untouched on success.
 *
 * Threads   any, outside sections.
 * Progress  waits.
 * Signals   as ep_malloc().
 */
EP_API int ep_epoch_barrier(void);

/*
 * What waits for grace periods, of all threads of the process together. Numbers of running threads
 * are from slightly different moments. In a forked child the counts are those of the threads that it
 * has had, and of the forking one.
 */
struct ep_epoch_stats {
    size_t waiting_blocks; /* deferred by ep_free_deferred() and not freed yet */
    size_t waiting_calls;  /* deferred by ep_defer() and not called yet */
    size_t waiting_bytes;  /* of these blocks, and 16 for each call */
    size_t limit_bytes;    /* the option deferred_bytes */
    size_t waiting_ms;     /* how long the oldest of them waits, from 10 ms upward in earnest */
    size_t freed_blocks;   /* deferred and freed */
    size_t finished_calls; /* deferred and called */
    size_t refused;        /* deferrals that would have exceeded the limit */
    size_t grace_periods;  /* begun */
    size_t open_sections;  /* threads that are in a section */
    size_t
        oldest_thread; /* the kernel's number of the thread whose section is the oldest; 0: none */
    size_t oldest_periods; /* grace periods begun since it was entered: all of them wait for it */
    size_t metadata_bytes; /* mapped for remembering deferrals */
};

/*
 * ep_epoch_stats - what waits, for how long, and for whom.
 *
 * Example:
 *     struct ep_epoch_stats stats;
 *     if (ep_epoch_stats(&stats, sizeof stats) != 0)
 *         return 1;
 *     printf("%zu bytes wait for thread %zu\n", stats.waiting_bytes, stats.oldest_thread);
 *
 * stats     where the numbers go.
 * size      sizeof *stats as the caller was compiled, as for ep_stats().
 * Returns 0, or -1 when stats is NULL or size is 0.
 * errno     EINVAL on failure, untouched on success.
 *
 * Threads   any, at any time.
 * Progress  wait-free; time in proportion to the number of threads that there ever were at once.
 * Signals   async-signal-safe.
 */
EP_API int ep_epoch_stats(struct ep_epoch_stats *stats, size_t size);

/*
 * ep_epoch_on_stall - says what happens when deferred_bytes or more are waiting.
 *
 * Example:
 *     ep_epoch_on_stall(NULL);
 *
 * function  called by a thread whose deferral would exceed the limit, with the numbers of that moment:
 *           a section is open too long, or threads defer faster than they free. Returns whether the
 *           deferral goes on: true: the thread may defer up to 392 blocks, 64 KiB or 245 calls more
 *           before it is asked again, and memory grows; false: the deferral fails with EAGAIN. It may
 *           allocate, free and poll. NULL: all such deferrals fail, as they do before the first call.
 *
 * Allocation and ep_free() are not affected by the limit.
 * errno     untouched.
 *
 * Threads   any, at any time; a thread that is deferring may still call the function before.
 * Progress  wait-free.
 * Signals   async-signal-safe.
 */
EP_API void ep_epoch_on_stall(bool (*function)(const struct ep_epoch_stats *stats));

#endif
