/* Allocators that are broken on purpose, to show that the oracle sees it (allocator.h).
 *
 * Without a fault this is a correct allocator with an exact account: the C library's, counted.  The
 * environment variable STRESS_FAULT names one fault.  Most happen once in 300 calls; total, transition, strand and fork always:
 *
 *     twice       malloc gives a live block out a second time
 *     inside      malloc gives out a block that lies inside a live one
 *     calloc      calloc leaves a byte that is not zero
 *     corrupt     free writes into a block that is live
 *     realloc     realloc loses the end of what it copies
 *     misaligned  aligned allocation forgets the alignment
 *     usable      the usable size is less than what was asked for
 *     null        malloc fails
 *     lost        the account forgets a block
 *     total       the account does not add up
 *     transition  the account finds bytes that are nowhere, at rest
 *     mapped      what is mapped is not arenas and mappings
 *     class       a size class forgets a block
 *     unseen      a walk leaves a block out
 *     free        a walk shows a live block as free
 *     strand      what is freed never comes back
 *     hang        malloc never returns
 *     fork        malloc never returns in a forked child
 *
 * stress/CMakeLists.txt has a test per fault that names the program and the words that must be said.
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocator.h"
#include "sys/atomic.h"

enum { EVERY = 300, LIVE_LOG2 = 17, LIVE = 1 << LIVE_LOG2 };

static const size_t arena_bytes = (size_t)4 << 20;

static const char *fault = "none";
static pid_t first_process;
static _Atomic(uint64_t) calls;
static _Atomic(size_t) counts[3], bytes[3]; /* pools, runs, huge */
static _Atomic(void *) live[LIVE];          /* blocks, by a hash of their addresses */
static _Atomic(size_t) live_bytes[LIVE];
static _Atomic(void *) latest; /* a block that was live a moment ago */

static __attribute__((constructor)) void read_fault(void)
{
    const char *named = getenv("STRESS_FAULT");
    first_process = getpid();
    if (named != NULL)
        fault = named;
}

/* Whether the named fault happens now. */
static bool happens(const char *name)
{
    if (strcmp(fault, name) != 0)
        return false;
    /* order: relaxed -- a count */
    return ep__fetch_add_relaxed(&calls, 1) % EVERY == EVERY - 1;
}

/* --- the account ------------------------------------------------------------------------------ */

static unsigned kind_of(size_t usable)
{
    return (usable > 32768) + (usable > 1048576);
}

/* Puts `to` where `from` is, in the places from the hash of the address p on; returns the place. */
static size_t replace_live(const void *p, void *from, void *to)
{
    size_t first = ((uintptr_t)p * 0x9e3779b97f4a7c15U) >> (64 - LIVE_LOG2);
    for (size_t step = 0; step < LIVE; step++) {
        void *expected = from;
        /* order: relaxed -- walks are compared with what is live at rest, or in the walker's own hands */
        if (ep__cas_strong_relaxed(&live[(first + step) % LIVE], &expected, to))
            return (first + step) % LIVE;
    }
    return 0;
}

static void *count_block(void *p)
{
    if (p == NULL)
        return NULL;
    size_t usable = malloc_usable_size(p);
    /* order: relaxed -- see replace_live() */
    ep__store_relaxed(&live_bytes[replace_live(p, NULL, p)], usable);
    /* order: relaxed -- counts that are read at rest */
    (void)ep__fetch_add_relaxed(&counts[kind_of(usable)], 1);
    /* order: relaxed -- see above */
    (void)ep__fetch_add_relaxed(&bytes[kind_of(usable)], usable);
    return p;
}

static void uncount_block(void *p)
{
    if (p == NULL || happens("lost"))
        return;
    (void)replace_live(p, p, NULL);
    size_t usable = malloc_usable_size(p);
    /* order: relaxed -- counts that are read at rest */
    (void)ep__fetch_sub_relaxed(&counts[kind_of(usable)], 1);
    /* order: relaxed -- see above */
    (void)ep__fetch_sub_relaxed(&bytes[kind_of(usable)], usable);
}

static bool account(struct ep_stats *a)
{
    size_t count[3], sum[3];
    for (unsigned i = 0; i < 3; i++) {
        /* order: relaxed -- nobody else counts at rest */
        count[i] = ep__load_relaxed(&counts[i]);
        /* order: relaxed -- see above */
        sum[i] = ep__load_relaxed(&bytes[i]);
    }
    memset(a, 0, sizeof *a);
    a->blocks_in_use = count[0];
    a->in_use_bytes = sum[0];
    a->runs_in_use = count[1];
    a->run_bytes = sum[1];
    a->huge_blocks = count[2];
    a->huge_bytes = sum[2];
    a->arenas = (sum[0] + sum[1] + arena_bytes - 1) / arena_bytes;
    a->arena_bytes = a->arenas * arena_bytes;
    a->available_bytes = a->arena_bytes - sum[0] - sum[1];
    a->arenas_created = a->arenas + 1;
    a->arenas_retired = 1;
    a->unaccounted_bytes = strcmp(fault, "transition") == 0 ? 64 : 0;
    a->available_bytes -= a->unaccounted_bytes;
    a->total_bytes = a->arena_bytes - (strcmp(fault, "total") == 0 ? 16 : 0);
    a->mapped_bytes = a->arena_bytes + a->huge_bytes + (strcmp(fault, "mapped") == 0 ? 4096 : 0);
    return true;
}

/* All blocks in one class, whose blocks are bytes. */
static int walk_classes(int (*visit)(const struct ep_class *, void *), void *argument)
{
    struct ep_stats a;
    (void)account(&a);
    struct ep_class class = {.struct_bytes = sizeof class,
                             .block_bytes = 1,
                             .pools_owned = 1,
                             .blocks_in_use = a.in_use_bytes,
                             .blocks_available = a.available_bytes};
    class.blocks_in_use -= strcmp(fault, "class") == 0 ? 32 : 0;
    return visit(&class, argument);
}

/* Live blocks as mappings of their own, so that any order is right. */
static int walk_blocks(int (*visit)(const struct ep_block *, void *), void *argument)
{
    struct ep_pool pool = {.struct_bytes = sizeof pool, .kind = EP_HUGE, .state = EP_POOL_FULL};
    struct ep_block block = {.struct_bytes = sizeof block, .pool = &pool};
    int result = 0;
    for (size_t i = 0; i < LIVE && result == 0; i++) {
        /* order: relaxed -- see replace_live() */
        block.start = ep__load_relaxed(&live[i]);
        if (block.start == NULL || happens("unseen"))
            continue;
        /* order: relaxed -- see replace_live() */
        block.bytes = ep__load_relaxed(&live_bytes[i]);
        block.state = happens("free") ? EP_BLOCK_FREE : EP_BLOCK_IN_USE;
        result = visit(&block, argument);
    }
    return result;
}

/* --- the family ------------------------------------------------------------------------------- */

static void wait_for_ever(void)
{
    for (;;)
        (void)usleep(1000);
}

static void *faulty_malloc(size_t size)
{
    if (happens("hang") || (strcmp(fault, "fork") == 0 && getpid() != first_process))
        wait_for_ever();
    if (happens("null")) {
        errno = ENOMEM;
        return NULL;
    }
    /* order: relaxed -- the faults are meant to be faults */
    unsigned char *live = ep__load_relaxed(&latest);
    if (strcmp(fault, "twice") == 0 && malloc_usable_size(live) >= size && happens("twice"))
        return live;
    if (live != NULL && happens("inside"))
        return live + 16;
    void *p = count_block(malloc(size));
    if (size >= 64) {
        /* order: relaxed -- see above */
        ep__store_relaxed(&latest, p);
    }
    return p;
}

static void faulty_free(void *p)
{
    /* order: relaxed -- see faulty_malloc() */
    unsigned char *live = ep__load_relaxed(&latest);
    if (p != NULL && p == live) {
        /* order: relaxed -- see faulty_malloc() */
        ep__store_relaxed(&latest, NULL);
    } else if (live != NULL && happens("corrupt")) {
        live[8] ^= 1;
    }
    uncount_block(p);
    /* What was given out twice must not end in the C library's own complaint. */
    if (strcmp(fault, "strand") != 0 && strcmp(fault, "twice") != 0)
        free(p);
}

static void *faulty_calloc(size_t count, size_t size)
{
    unsigned char *p = count_block(calloc(count, size));
    if (p != NULL && count * size > 0 && happens("calloc"))
        p[count * size - 1] = 1;
    return p;
}

/* Always a copy, so that the account needs no case of its own. */
static void *faulty_realloc(void *old, size_t size)
{
    void *p = faulty_malloc(size);
    if (p == NULL || old == NULL)
        return p;
    size_t had = malloc_usable_size(old);
    size_t copied = had < size ? had : size;
    memcpy(p, old, happens("realloc") ? copied / 2 : copied);
    faulty_free(old);
    return p;
}

static void *faulty_reallocarray(void *old, size_t count, size_t size)
{
    return faulty_realloc(old, count * size);
}

static void faulty_free_sized(void *p, size_t size)
{
    (void)size;
    faulty_free(p);
}

static void faulty_free_aligned_sized(void *p, size_t alignment, size_t size)
{
    (void)alignment;
    (void)size;
    faulty_free(p);
}

/* What is aligned above an arena counts as huge, and so must be. */
static void *faulty_memalign(size_t alignment, size_t size)
{
    if (alignment > arena_bytes && size <= 1048576)
        size = 1048577;
    if (alignment > 64 && happens("misaligned"))
        return (char *)memalign(alignment, size + 32) + 16;
    return count_block(memalign(alignment, size));
}

static int faulty_posix_memalign(void **out, size_t alignment, size_t size)
{
    *out = faulty_memalign(alignment, size);
    return *out == NULL ? ENOMEM : 0;
}

static size_t faulty_usable_size(void *p)
{
    return happens("usable") ? 0 : malloc_usable_size(p);
}

static size_t faulty_malloc_batch(size_t size, size_t count, void **blocks)
{
    for (size_t i = 0; i < count; i++)
        blocks[i] = faulty_malloc(size);
    return count;
}

static void faulty_free_batch(void **blocks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        faulty_free(blocks[i]);
}

static bool faulty_owns(const void *p)
{
    return p != NULL;
}

static size_t no_options(char *text, size_t size)
{
    text[0] = '\0';
    (void)size;
    return 0;
}

static void do_nothing(void)
{
}

const struct stress_allocator stress_allocator = {
    .name = "faulty",
    .malloc = faulty_malloc,
    .calloc = faulty_calloc,
    .realloc = faulty_realloc,
    .reallocarray = faulty_reallocarray,
    .free = faulty_free,
    .free_sized = faulty_free_sized,
    .free_aligned_sized = faulty_free_aligned_sized,
    .aligned_alloc = faulty_memalign,
    .posix_memalign = faulty_posix_memalign,
    .memalign = faulty_memalign,
    .usable_size = faulty_usable_size,
    .malloc_batch = faulty_malloc_batch,
    .free_batch = faulty_free_batch,
    .owns = faulty_owns,
    .purge = do_nothing,
    .thread_idle = do_nothing,
    .options = no_options,
    .account = account,
    .walk_classes = walk_classes,
    .walk_blocks = walk_blocks,
    .alone = true,
    .outlives_bare_fork = false,
};
