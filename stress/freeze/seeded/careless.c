/* An allocator for stress_freeze to judge: without a fault it has no lock.
 *
 * Each thread has a list a class, the powers of two from 16 bytes to 2 MiB; above that every block is a mapping.  A
 * list that grows long goes to the *store* as one chain, and an empty list is filled with a chain from
 * there, or with fresh memory.  The store is a stack a class, whose head has a tag against ABA; memory of chains is
 * never unmapped.  STRESS_FAULT:
 *
 *     none   nobody is blocked, and a stopped thread keeps one chain
 *     sleep  the store is behind a lock that sleeps in the kernel
 *     spin   behind a lock that spins
 *     drop   who finds another thread at the store goes on without: what it puts back is lost
 */
#include <errno.h>
#include <linux/futex.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/atomic.h"
#include "sys/bits.h"

enum {
    CLASSES = 18,
    HEADER_BYTES = 64,
    CHAIN_BLOCKS = 8,
    FRESH_BYTES = 1 << 14,
    ADDRESS_BITS = 48
};
enum fault { NONE, SLEEP, SPIN, DROP };

/* In front of each block; the block itself holds `next` while it is free. */
struct header {
    size_t bytes; /* of the block */
    unsigned class;
    void *mapping; /* of a block that is one */
    size_t mapped_bytes;
    struct header *next;  /* in a list or chain */
    struct header *chain; /* from the first of a chain to the next chain */
};

struct list {
    struct header *first;
    unsigned count;
};

static _Thread_local struct list lists[CLASSES] __attribute__((tls_model("initial-exec")));
static _Atomic(uint64_t) stores[CLASSES];
static _Atomic(uint32_t) busy;

static enum fault fault_of_environment(void)
{
    const char *name = getenv("STRESS_FAULT");
    if (name == NULL)
        return NONE;
    return strcmp(name, "sleep") == 0  ? SLEEP
           : strcmp(name, "spin") == 0 ? SPIN
           : strcmp(name, "drop") == 0 ? DROP
                                       : NONE;
}

/* False: go on without the store. */
static bool enter_store(enum fault fault)
{
    uint32_t open = 0;
    /* order: acquire -- pairs with leave_store; the faults themselves */
    while (fault != NONE && !ep__cas_strong_acquire(&busy, &open, 1)) {
        if (fault == DROP)
            return false;
        if (fault == SLEEP)
            (void)syscall(SYS_futex, &busy, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
        open = 0;
    }
    return true;
}

static void leave_store(enum fault fault)
{
    if (fault == NONE)
        return;
    /* order: release -- pairs with enter_store */
    ep__store_release(&busy, 0);
    if (fault == SLEEP)
        (void)syscall(SYS_futex, &busy, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static struct header *chain_of(uint64_t word)
{
    return (struct header *)(uintptr_t)(word & ((UINT64_C(1) << ADDRESS_BITS) - 1));
}

static uint64_t word_of(const struct header *chain, uint64_t before)
{
    return (uint64_t)(uintptr_t)chain | ((before >> ADDRESS_BITS) + 1) << ADDRESS_BITS;
}

static void put_chain(unsigned class, struct header *chain)
{
    enum fault fault = fault_of_environment();
    if (!enter_store(fault))
        return;
    /* order: relaxed -- only linked to */
    uint64_t word = ep__load_relaxed(&stores[class]);
    do
        chain->chain = chain_of(word);
    /* order: release -- pairs with take_chain; carries the links */
    while (!ep__cas_weak_release(&stores[class], &word, word_of(chain, word)));
    leave_store(fault);
}

static struct header *take_chain(unsigned class)
{
    enum fault fault = fault_of_environment();
    if (!enter_store(fault))
        return NULL;
    /* order: acquire -- pairs with put_chain */
    uint64_t word = ep__load_acquire(&stores[class]);
    /* order: acquire -- pairs with put_chain; the tag refuses a head that has come back */
    while (chain_of(word) != NULL &&
           !ep__cas_weak_acquire(&stores[class], &word, word_of(chain_of(word)->chain, word))) {
    }
    leave_store(fault);
    return chain_of(word);
}

static void *map(size_t bytes)
{
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

static struct header *make_chain(unsigned class)
{
    size_t step = ((size_t)16 << class) + HEADER_BYTES;
    size_t bytes = step * CHAIN_BLOCKS > FRESH_BYTES ? step * CHAIN_BLOCKS : FRESH_BYTES;
    char *start = map(bytes);
    struct header *first = NULL;
    for (size_t at = 0; start != NULL && at + step <= bytes; at += step) {
        struct header *header = (struct header *)(void *)(start + at);
        *header = (struct header){.bytes = step - HEADER_BYTES, .class = class, .next = first};
        first = header;
    }
    return first;
}

static void *map_block(size_t alignment, size_t size)
{
    if (size > PTRDIFF_MAX - alignment - HEADER_BYTES)
        return NULL;
    size_t bytes = size + alignment + HEADER_BYTES;
    char *start = map(bytes);
    if (start == NULL)
        return NULL;
    char *block = (char *)ep__round_up((uintptr_t)start + HEADER_BYTES, alignment);
    struct header *header = (struct header *)(void *)(block - HEADER_BYTES);
    *header =
        (struct header){.bytes = size, .class = CLASSES, .mapping = start, .mapped_bytes = bytes};
    return block;
}

static void *take_block(unsigned class)
{
    struct list *list = &lists[class];
    if (list->first == NULL)
        list->first = take_chain(class);
    if (list->first == NULL)
        list->first = make_chain(class);
    struct header *header = list->first;
    if (header == NULL)
        return NULL;
    list->first = header->next;
    list->count -= list->count != 0;
    return (char *)header + HEADER_BYTES;
}

static struct header *header_of(void *p)
{
    return (struct header *)(void *)((char *)p - HEADER_BYTES);
}

void *memalign(size_t alignment, size_t size)
{
    unsigned class = ep__log2_ceil(size < 16 ? 16 : size) - 4;
    void *p = alignment <= 16 && class < CLASSES ? take_block(class)
                                                 : map_block(alignment < 64 ? 64 : alignment, size);
    if (p == NULL)
        errno = ENOMEM;
    return p;
}

void *malloc(size_t size)
{
    return memalign(16, size);
}

void free(void *p)
{
    if (p == NULL)
        return;
    struct header *header = header_of(p);
    if (header->mapping != NULL) {
        (void)munmap(header->mapping, header->mapped_bytes);
        return;
    }
    struct list *list = &lists[header->class];
    header->next = list->first;
    list->first = header;
    if (++list->count < CHAIN_BLOCKS)
        return;
    list->first = NULL;
    list->count = 0;
    put_chain(header->class, header);
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *p = malloc(bytes);
    return p == NULL ? NULL : memset(p, 0, bytes);
}

void *realloc(void *p, size_t size)
{
    void *fresh = malloc(size);
    if (p == NULL || fresh == NULL)
        return fresh;
    size_t bytes = header_of(p)->bytes;
    memcpy(fresh, p, bytes < size ? bytes : size);
    free(p);
    return fresh;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    *out = memalign(alignment, size);
    return *out == NULL ? ENOMEM : 0;
}

size_t malloc_usable_size(void *p)
{
    return p == NULL ? 0 : header_of(p)->bytes;
}
