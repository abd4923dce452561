/*
 * epmalloc - the public interface.
 *
 * A lock-free arena / pool / block allocator for multithreaded C and C++ programs on Linux.
 * Link it (`pkg-config epmalloc`, `find_package(epmalloc)`) or preload it over the C library's
 * malloc. libepmalloc defines the C library's names (malloc, free, mallinfo2 ...) and the C++
 * operators as well; the functions below are the same allocator under names of its own, and
 * blocks may be taken by one family and freed by the other.
 *
 * Length: above 400 lines, because the interface of allocation is one file to read. Deferred
 * free, type-stable caches, statistics, the heap walk and recordings are epoch.h, cache.h, stats.h,
 * walk.h and trace.h, included at the end.
 *
 * Words: a *block* is what ep_malloc returns; a *pool* holds equal blocks of one size class; an
 * *arena* holds 64 pools (4 MiB). All sizes are bytes unless a name says otherwise.
 *
 * Every docstring ends in the same lines:
 *   Threads   which threads may call, at the same time as what.
 *   Progress  "lock-free": some thread always completes, no call waits for a particular other
 *             thread, not even one that is stopped or killed; "wait-free": every call completes
 *             in a bounded number of its own steps. Both speak of user space: page faults, mmap
 *             and madvise take the kernel's locks.
 *   Signals   "async-signal-safe", or what a handler must keep away from.
 *   Ordering  what the caller may conclude about memory written by other threads, where there
 *             is something to conclude. As for malloc in C11 (7.22.3), a call that frees a block
 *             happens before the call that returns the same memory.
 *
 * Options come from the environment variable EPMALLOC_CONF, "key:value,key:value", read once when
 * the library is loaded and ignored in set-user-ID programs. An unknown key or a bad value is
 * reported in one line on stderr and has no effect; the other entries keep theirs.
 *
 *   abort:0|1                 1: a free of a pointer that is not epmalloc's aborts       (0)
 *   retain:BYTES[k|m|g]       free memory kept resident before it is given back          (8m)
 *   retain_percent:0..1000    the same, as percent of the memory in use; the larger of
 *                             both holds                                                (100)
 *   purge_delay:MS            how long more than that stays resident, milliseconds     (100)
 *   keep_empty:N              wholly free arenas kept mapped, 1 or more                  (1)
 *   thp:default|never|always  transparent huge pages in arenas                     (default)
 *   thread_bytes:BYTES        free bytes a thread may hold outside its current pools     (1m)
 *   thread_percent:0..1000    the same, as percent of the thread's share of the memory in
 *                             use, which all threads share alike; the larger of both
 *                             holds                                                     (50)
 *   batch_bytes:BYTES         bytes of other threads' blocks that a thread withholds     (32k)
 *   huge_cache:0|1            1: freed huge mappings are kept, within the retain bound   (1)
 *   deferred_bytes:BYTES      deferred bytes from which on deferrals are refused       (256m)
 *   fork:cut|strict           strict: a child of a threaded process uses no pool that
 *                             was shared when it forked                                  (cut)
 *   stats:0|1                 1: print statistics to stderr at exit                      (0)
 *   cgroup:own|FOLDER         limits and pressure of a control group (version 2) lower
 *                             retain; the helper thread looks at them                 (none)
 *   trace:FILE                record every change of state into a file, made anew     (none)
 *   check:0..3                misuse of blocks is found and told, and the program aborted:
 *                             1: in sampled blocks, for production; 2: in all blocks; 3: in
 *                             all blocks, by the processor                               (0)
 *   check_quarantine:BYTES    freed blocks that are held back and looked at later       (16m)
 *   check_guards:N            blocks before a page that cannot be touched, at once     (1024)
 *   check_every:N             check:1 guards one in so many requests that miss the
 *                             fast path                                                 (256)
 *   check_frames:0..64        frames that are kept of each stack                        (16)
 *   check_links:0|1           1: links in free blocks are looked at before they are used (0)
 *   random_order:0|1          1: new blocks come in no order that can be guessed         (0)
 *   helper:0|1                1: a thread gives memory back also while nobody calls      (0)
 *   endpoint:0|1|FOLDER       1: the command epmalloc may ask, at a socket in FOLDER  (none)
 *   profile:off|on|exit       sample allocations; exit: and write a profile at exit      (off)
 *   sample:BYTES              mean distance of two samples, 1 to 4g                      (512k)
 *   profile_seed:N            0: other samples in each process                           (0)
 *   profile_signal:N          a signal that starts the sampling, and then writes a
 *                             profile each time; 0: none                                 (0)
 *   leaks:0|1                 1: print a leak report to stderr at exit                   (0)
 *   leak_exit_code:0..255     the exit code when it finds a leak; 0: the program's       (0)
 */
#ifndef EPMALLOC_EPMALLOC_H
#define EPMALLOC_EPMALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EP_VERSION_MAJOR 0
#define EP_VERSION_MINOR 1
#define EP_VERSION_PATCH 0

/* The largest alignment that is asked for in earnest, in bytes: the largest power of two below
 * PTRDIFF_MAX. Every power of two up to it is a valid argument; one that the address space has
 * no room for fails with ENOMEM. */
#define EP_ALIGNMENT_MAX ((size_t)PTRDIFF_MAX / 2 + 1)

#define EP_API __attribute__((visibility("default"), nothrow))
#define EP_RETURNS_BLOCK __attribute__((malloc, warn_unused_result))
#define EP_SIZE_IS(...) __attribute__((alloc_size(__VA_ARGS__)))
#define EP_ALIGNMENT_IS(parameter) __attribute__((alloc_align(parameter)))
#define EP_USE_RESULT __attribute__((warn_unused_result))

#ifdef __cplusplus
extern "C" {
#endif

/*
 * ep_malloc - allocates a block.
 *
 * Example:
 *     char *name = ep_malloc(64);
 *     if (name == NULL)
 *         return 1;
 *     strcpy(name, "pool");
 *     ep_free(name);
 *
 * size      bytes wanted, 0 to PTRDIFF_MAX. A block of size 0 is a real one, different from all
 *           others, and is freed like them.
 * Returns a block of at least `size` bytes (ep_usable_size() of them may be used), not
 * initialised, aligned to 16; a power-of-two size up to 64 KiB is aligned to itself. NULL when
 * there is no memory or size is above PTRDIFF_MAX.
 * errno     ENOMEM on failure, untouched on success.
 *
 * Threads   any, at any time.
 * Progress  lock-free; wait-free (some ten instructions) while the thread's pool of the size
 *           class has a free block.
 * Signals   not from a handler that interrupted an allocating or freeing call of its thread.
 * Source    design after CPython's pymalloc (Vladimir Marangozov).
 */
EP_API void *ep_malloc(size_t size) EP_RETURNS_BLOCK EP_SIZE_IS(1);

/*
 * ep_calloc - allocates a block for an array and clears it.
 *
 * Example:
 *     double *row = ep_calloc(128, sizeof *row);
 *     if (row == NULL)
 *         return 1;
 *     ep_free(row);
 *
 * count     number of elements, any.
 * size      bytes of one element, any.
 * Returns a block of at least count x size bytes, all zero, aligned as by ep_malloc(); NULL when
 * there is no memory or the product is above PTRDIFF_MAX (it never wraps). Pages that are still
 * zero from the kernel are not cleared again.
 * errno     ENOMEM on failure, untouched on success.
 *
 * Threads   any, at any time.
 * Progress  lock-free.
 * Signals   as ep_malloc().
 */
EP_API void *ep_calloc(size_t count, size_t size) EP_RETURNS_BLOCK EP_SIZE_IS(1, 2);

/*
 * ep_realloc - changes the size of a block, moving it if need be.
 *
 * Example:
 *     int *list = ep_malloc(4 * sizeof *list);
 *     int *longer = ep_realloc(list, 8 * sizeof *list);
 *     if (longer == NULL)
 *         ep_free(list);
 *     else
 *         ep_free(longer);
 *
 * p         a block in use, or NULL: then the call is ep_malloc(size).
 * size      bytes wanted, 0 to PTRDIFF_MAX. With p not NULL and size 0 the block is freed and
 *           NULL returned, as glibc does.
 * Returns the block, its first min(old, new) bytes unchanged, aligned as by ep_malloc(): an
 * alignment asked for at its birth holds no longer. NULL on failure, and then p is untouched and
 * still in use. Blocks above 32 KiB shrink and grow in place where there is room; those above
 * 1 MiB are moved by mremap(2), without copying.
 * errno     ENOMEM on failure, untouched on success and by ep_realloc(p, 0).
 *
 * Threads   any; nobody else may use or free p at the same time.
 * Progress  lock-free (copying takes time in proportion to the size).
 * Signals   as ep_malloc().
 */
EP_API void *ep_realloc(void *p, size_t size) EP_USE_RESULT EP_SIZE_IS(2);

/*
 * ep_reallocarray - ep_realloc() for an array, with the product checked.
 *
 * Example:
 *     long *list = ep_reallocarray(NULL, 100, sizeof *list);
 *     if (list == NULL)
 *         return 1;
 *     ep_free(list);
 *
 * p         a block in use, or NULL.
 * count     number of elements, any.
 * size      bytes of one element, any.
 * Returns ep_realloc(p, count x size); NULL with p untouched when the product is above
 * PTRDIFF_MAX. A product of 0 frees p.
 * errno     ENOMEM on failure, untouched on success.
 *
 * Threads, Progress, Signals   as ep_realloc().
 */
EP_API void *ep_reallocarray(void *p, size_t count, size_t size) EP_USE_RESULT EP_SIZE_IS(2, 3);

/*
 * ep_free - gives a block back.
 *
 * Example:
 *     ep_free(ep_malloc(100));
 *     ep_free(NULL);
 *
 * p         a block in use, of any function of epmalloc, or NULL (nothing happens). A pointer
 *           that is not epmalloc's is reported in one line on stderr, once per place it is freed
 *           at, and ignored; with the option abort:1 it aborts. A free that finds its pool
 *           already free, or a pointer into the middle of a block where the slow path sees it,
 *           is corruption of the program's heap and aborts with one line.
 * errno     untouched.
 *
 * Threads   any; the block may have been allocated by any thread, also one that has ended.
 * Progress  lock-free; wait-free (some ten instructions) for a block of a pool that the calling
 *           thread owns.
 * Signals   as ep_malloc().
 * Ordering  what the thread did to the block before happens before the block is given out again.
 * Source    full pools without an owner, adopted by their first freer: docs/design.md.
 */
EP_API void ep_free(void *p);

/*
 * ep_free_sized - gives a block back whose size is known (C23 free_sized).
 *
 * Example:
 *     void *block = ep_malloc(48);
 *     ep_free_sized(block, 48);
 *
 * p         a block of ep_malloc(), ep_calloc(), ep_realloc(), ep_malloc_batch(), or NULL.
 * size      the bytes that were asked for, or any size up to ep_usable_size(p). epmalloc finds
 *           the size by itself and takes no harm from a wrong one.
 * errno     untouched.
 *
 * Threads, Progress, Signals   as ep_free().
 */
EP_API void ep_free_sized(void *p, size_t size);

/*
 * ep_free_aligned_sized - gives an aligned block back whose size is known (C23).
 *
 * Example:
 *     void *line = ep_aligned_alloc(64, 128);
 *     ep_free_aligned_sized(line, 64, 128);
 *
 * p         a block of ep_aligned_alloc(), ep_posix_memalign(), ep_memalign(), or NULL.
 * alignment bytes, as it was asked for.
 * size      bytes, as they were asked for. Neither is needed, as for ep_free_sized().
 * errno     untouched.
 *
 * Threads, Progress, Signals   as ep_free().
 */
EP_API void ep_free_aligned_sized(void *p, size_t alignment, size_t size);

/*
 * ep_aligned_alloc - allocates a block at a multiple of a power of two (C11 aligned_alloc).
 *
 * Example:
 *     float *vector = ep_aligned_alloc(64, 1000 * sizeof *vector);
 *     if (vector == NULL)
 *         return 1;
 *     ep_free(vector);
 *
 * alignment bytes, a power of two from 1 to EP_ALIGNMENT_MAX.
 * size      bytes wanted, 0 to PTRDIFF_MAX; need not be a multiple of the alignment.
 * Returns a block of at least `size` bytes, not initialised; NULL on failure. Free it with any
 * of the freeing functions.
 * errno     EINVAL when the alignment is not a power of two (aligned_alloc(), the C library's
 *           name, rounds it up instead, as glibc 2.36 does); ENOMEM when there is no memory;
 *           untouched on success.
 *
 * Threads   any, at any time.
 * Progress  lock-free.
 * Signals   as ep_malloc().
 */
EP_API void *ep_aligned_alloc(size_t alignment, size_t size) EP_RETURNS_BLOCK EP_SIZE_IS(2)
    EP_ALIGNMENT_IS(1);

/*
 * ep_posix_memalign - allocates an aligned block, POSIX's way of reporting.
 *
 * Example:
 *     void *page;
 *     if (ep_posix_memalign(&page, 4096, 4096) != 0)
 *         return 1;
 *     ep_free(page);
 *
 * out       where the block's address is stored; untouched on failure.
 * alignment bytes, a power of two and a multiple of sizeof(void *).
 * size      bytes wanted, 0 to PTRDIFF_MAX.
 * Returns 0; EINVAL for a bad alignment; ENOMEM when there is no memory.
 * errno     untouched, also on failure.
 *
 * Threads   any, at any time.
 * Progress  lock-free.
 * Signals   as ep_malloc().
 */
EP_API int ep_posix_memalign(void **out, size_t alignment, size_t size) EP_USE_RESULT;

/*
 * ep_memalign - allocates an aligned block, taking any alignment (SunOS memalign).
 *
 * Example:
 *     void *block = ep_memalign(48, 100);
 *     if (block == NULL || (uintptr_t)block % 64 != 0)
 *         return 1;
 *     ep_free(block);
 *
 * alignment bytes; one that is not a power of two is rounded up to the next one.
 * size      bytes wanted, 0 to PTRDIFF_MAX.
 * Returns a block of at least `size` bytes, not initialised; NULL on failure.
 * errno     EINVAL when the alignment has no power of two above it; ENOMEM when there is no
 *           memory; untouched on success.
 *
 * Threads   any, at any time.
 * Progress  lock-free.
 * Signals   as ep_malloc().
 */
EP_API void *ep_memalign(size_t alignment, size_t size) EP_RETURNS_BLOCK EP_SIZE_IS(2);

/*
 * ep_usable_size - how much of a block may be used.
 *
 * Example:
 *     char *block = ep_malloc(100);
 *     if (block == NULL)
 *         return 1;
 *     memset(block, 0, ep_usable_size(block));
 *     ep_free(block);
 *
 * p         a block in use, or NULL.
 * Returns the bytes from p that belong to the block, at least the size asked for; 0 for NULL and
 * for a pointer that is not epmalloc's.
 * errno     untouched.
 *
 * Threads   any; nobody may free or resize the block at the same time.
 * Progress  wait-free.
 * Signals   async-signal-safe.
 */
EP_API size_t ep_usable_size(const void *p);

/*
 * ep_good_size - what ep_usable_size() of a block would be.
 *
 * Example:
 *     size_t room = ep_good_size(1000);
 *     char *buffer = ep_malloc(room);
 *     if (buffer == NULL || ep_usable_size(buffer) != room)
 *         return 1;
 *     ep_free(buffer);
 *
 * size      bytes.
 * Returns the usable bytes that ep_malloc(size) gives, without allocating; a block above 1 MiB
 * may have more, when it is made of a cached mapping. 0 when size is above PTRDIFF_MAX.
 * errno     untouched.
 *
 * Threads   any, at any time.
 * Progress  wait-free.
 * Signals   async-signal-safe.
 */
EP_API size_t ep_good_size(size_t size);

/*
 * ep_malloc_batch - allocates several blocks of one size.
 *
 * Example:
 *     void *nodes[100];
 *     size_t got = ep_malloc_batch(40, 100, nodes);
 *     ep_free_batch(nodes, got);
 *
 * size      bytes of each block, as for ep_malloc().
 * count     blocks wanted, any, 0 included.
 * blocks    array of `count` pointers; its first elements, as many as the return value says, are
 *           set, the others are untouched.
 * Returns how many blocks were got: fewer than count only when memory ran out.
 * errno     ENOMEM when fewer than count were got, untouched otherwise.
 *
 * Threads   any, at any time.
 * Progress  lock-free.
 * Signals   as ep_malloc().
 */
EP_API size_t ep_malloc_batch(size_t size, size_t count, void **blocks) EP_USE_RESULT;

/*
 * ep_free_batch - gives several blocks back.
 *
 * Example:
 *     void *blocks[2] = {ep_malloc(10), NULL};
 *     ep_free_batch(blocks, 2);
 *
 * blocks    array of `count` blocks in use, of any sizes, or NULLs; it is only read.
 * count     elements of the array.
 * errno     untouched.
 *
 * Threads, Progress, Signals   as ep_free().
 */
EP_API void ep_free_batch(void **blocks, size_t count);

/*
 * ep_owns - whether an address is one that epmalloc gave out.
 *
 * Example:
 *     int local = 0;
 *     if (ep_owns(&local))
 *         return 1;
 *
 * p         any address; it is not dereferenced.
 * Returns true when a block of epmalloc starts there, in memory that is in use: true for every
 * block that the program holds, false for a pointer into the middle of one and for everything
 * that other allocators gave out. Of a block that was freed it may be either.
 * errno     untouched.
 *
 * Threads   any, at any time; about a block that is freed at the same time either answer is right.
 * Progress  wait-free.
 * Signals   async-signal-safe.
 */
EP_API bool ep_owns(const void *p);

/*
 * ep_address_range - where nearly all blocks lie.
 *
 * Example:
 *     void *block = ep_malloc(100);
 *     void *start;
 *     size_t bytes = ep_address_range(&start);
 *     if (block == NULL || (uintptr_t)block - (uintptr_t)start >= bytes)
 *         return 1;
 *     ep_free(block);
 *
 * For a program that frees blocks of several allocators and wants to tell them apart in an instruction
 * or two: an address in the range is nobody else's, so a block that starts there is epmalloc's. One
 * outside can be: blocks above 1 MiB are, and where the system refused a large range all may be. Ask
 * ep_owns() about those.
 *
 * start     where the first address is stored; NULL when there is no range yet.
 * Returns the bytes from there on; 0 before the first allocation. The range does not change after it.
 * errno     untouched.
 *
 * Threads   any, at any time.
 * Progress  wait-free.
 * Signals   async-signal-safe.
 */
EP_API size_t ep_address_range(void **start);

/*
 * ep_purge - gives free memory back to the system now.
 *
 * Example:
 *     size_t given_back = ep_purge();
 *     (void)given_back;
 *
 * Free slots and cached mappings go back, and inside pools in use every system page that no block of
 * the program overlaps: of pools that no thread owns and of the calling thread's but for its current
 * ones, one of each size class. What other threads hold in their pool caches stays with them
 * (ep_thread_idle()). The C library's name is malloc_trim().
 * Returns the bytes given back.
 * errno     untouched.
 *
 * Threads   any, at any time.
 * Progress  lock-free; time in proportion to the memory given back.
 * Signals   as ep_malloc().
 */
EP_API size_t ep_purge(void);

/*
 * ep_thread_idle - gives up what the calling thread holds for its next allocations.
 *
 * Example:
 *     ep_thread_idle();
 *
 * For a thread that is about to wait for long: its pools become claimable by other threads, the pages
 * in them that no block overlaps go back to the system, and the blocks of other threads' pools that
 * it withholds go back. It may go on allocating after it. When every other thread has ended or called this, ep_stats() is exact.
 * errno     untouched.
 *
 * Threads   any; concerns the calling one.
 * Progress  lock-free.
 * Signals   as ep_malloc().
 */
EP_API void ep_thread_idle(void);

/*
 * ep_options - the options in effect.
 *
 * Example:
 *     char text[256];
 *     if (ep_options(text, sizeof text) < sizeof text)
 *         puts(text);
 *
 * text      where "key:value,key:value..." is stored, always ended by a NUL unless size is 0;
 *           may be NULL when size is 0.
 * size      bytes at text.
 * Returns the length of the whole text in bytes, without the NUL, like snprintf(): it was cut
 * off when that is size or more. The text is what EPMALLOC_CONF accepts.
 * errno     untouched.
 *
 * Threads   any, at any time.
 * Progress  wait-free.
 * Signals   async-signal-safe.
 */
EP_API size_t ep_options(char *text, size_t size);

#include <epmalloc/cache.h>
#include <epmalloc/epoch.h>
#include <epmalloc/profile.h>
#include <epmalloc/stats.h>
#include <epmalloc/trace.h>
#include <epmalloc/walk.h>

#ifdef __cplusplus
}
#endif

#endif /* EPMALLOC_EPMALLOC_H */
