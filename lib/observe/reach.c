/* Reachability.  The argument stands in reach.h. */
#include "observe/reach.h"

#include <epmalloc/epmalloc.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "arena/huge.h"
#include "cache/record.h"
#include "cache/tracked.h"
#include "observe/mappings.h"
#include "observe/view.h"
#include "pool/run.h"
#include "sys/own_ranges.h"
#include "sys/vm.h"

enum { PAGES_AT_ONCE = 64, WORDS_AT_ONCE = 512, PENDING_LOG2 = 26, HUGE_LOG2 = 20 };

/* What is larger is a reservation or a shadow, whose page map alone would take minutes to read. */
#define ROOT_BYTES_MAX ((size_t)64 << 30)

struct extent {
    const char *start;
    size_t bytes;
};

/* Of one window: a bit for each 16 bytes. */
struct marks {
    struct window *window;
    size_t bytes; /* of the window, as far as arenas have been begun */
    uint64_t *in_use;
    uint64_t *reached;
};

static struct marks marks[EP__WINDOWS_MAX];
static unsigned windows;
static struct extent *huge; /* ascending; the lowest bit of `bytes` is the mark */
static size_t huge_count;
static struct extent *pending;
static size_t pending_count;
static int page_map;

static bool has_bit(const uint64_t *set, size_t i)
{
    return (set[i / 64] >> i % 64 & 1U) != 0;
}

static void set_bit(uint64_t *set, size_t i)
{
    set[i / 64] |= (uint64_t)1 << i % 64;
}

/* Scratch memory, which is no root. */
static void *map_scratch(size_t bytes)
{
    bytes = ep__round_up(bytes + 1, ep__vm_page_bytes());
    void *start = ep__vm_map_sparse(bytes);
    if (start != NULL)
        ep__own_range_note(start, bytes);
    return start;
}

static bool make_marks(void)
{
    for (windows = 0; windows < EP__WINDOWS_MAX; windows++) {
        struct marks *at = &marks[windows];
        at->window = ep__window_at(windows);
        if (at->window == NULL)
            return true;
        at->bytes = (size_t)ep__arena_ids_begun(at->window) * EP__ARENA_BYTES;
        at->in_use = map_scratch(at->bytes / 128);
        at->reached = map_scratch(at->bytes / 128);
        if (at->in_use == NULL || at->reached == NULL)
            return false;
    }
    return true;
}

static struct marks *marks_of(const void *p)
{
    for (unsigned i = 0; i < windows; i++) {
        if ((size_t)((const char *)p - marks[i].window->base) < marks[i].bytes)
            return &marks[i];
    }
    return NULL;
}

static size_t bit_of(const struct marks *at, const void *p)
{
    return (size_t)((const char *)p - at->window->base) / 16;
}

static void add_huge(const struct ep_block *block)
{
    size_t i = huge_count++;
    for (; i != 0 && huge[i - 1].start > (const char *)block->start; i--)
        huge[i] = huge[i - 1];
    huge[i] = (struct extent){block->start, block->bytes};
}

static int note_block(const struct ep_block *block, void *argument)
{
    (void)argument;
    struct marks *at = marks_of(block->start);
    if (block->state == EP_BLOCK_FREE)
        return 0;
    if (at != NULL)
        set_bit(at->in_use, bit_of(at, block->start));
    else if (huge_count < (size_t)1 << HUGE_LOG2)
        add_huge(block);
    return 0;
}

/* The huge block that an address lies in, or NULL. */
static struct extent *find_huge(const char *p)
{
    size_t low = 0;
    size_t high = huge_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (huge[middle].start <= p)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || (size_t)(p - huge[low - 1].start) >= (huge[low - 1].bytes & ~(size_t)1))
        return NULL;
    return &huge[low - 1];
}

/* The block of a pool or the run that an address in a window lies in; false: none. */
static bool find_block(const char *p, struct extent *block)
{
    struct found found = ep__lookup(p);
    if (found.what == EP__FOUND_FREE || found.what == EP__FOUND_NOTHING)
        return false;
    const char *first = found.pool->base;
    if (found.class >= EP__CLASSES) {
        *block = (struct extent){first, ep__run_bytes(found.pool)};
        return (size_t)(p - first) < block->bytes;
    }
    const struct size_class *size = &ep__size_classes[found.class];
    first += ep__pool_start(found.pool);
    if (p < first || (size_t)(p - first) >= (size_t)size->capacity * size->bytes)
        return false;
    uint32_t i = ep__size_class_divide(found.class, (uint32_t)(p - first));
    *block = (struct extent){first + (size_t)i * size->bytes, size->bytes};
    return true;
}

static void push(struct extent block)
{
    struct tracked tracked;
    struct found found = ep__lookup(block.start);
    struct tracked_record *record = ep__tracked_find(block.start, &found);
    /* What surrounds a tracked block may not be readable. */
    if (record != NULL && ep__record_read(record, &tracked))
        block = (struct extent){tracked.address, tracked.size};
    if (pending_count < (size_t)1 << PENDING_LOG2)
        pending[pending_count++] = block;
}

static void mark_huge(const char *p)
{
    struct extent *block = find_huge(p);
    if (block == NULL || (block->bytes & 1) != 0)
        return;
    push(*block);
    block->bytes |= 1;
}

/* Marks what a word points at. */
static void mark(uintptr_t word)
{
    const char *p = (const char *)word;
    struct marks *at = marks_of(p);
    struct extent block;
    if (at == NULL) {
        mark_huge(p);
        return;
    }
    if (!find_block(p, &block))
        return;
    size_t bit = bit_of(at, block.start);
    if (!has_bit(at->in_use, bit) || has_bit(at->reached, bit))
        return;
    set_bit(at->reached, bit);
    push(block);
}

/* Within one page.  The kernel copies, because a page may not be readable after all, and for those who watch over what the
 * program reads: that much of it was never written, or is not the program's, is in the nature of the search. */
static void scan_words(uintptr_t first, uintptr_t limit)
{
    static uintptr_t words[WORDS_AT_ONCE];
    first = ep__round_up(first, sizeof words[0]);
    limit = ep__round_down(limit, sizeof words[0]);
    for (size_t bytes; first < limit; first += bytes) {
        bytes = limit - first < sizeof words ? limit - first : sizeof words;
        if (!ep__vm_read((const void *)first, words, bytes))
            continue;
        for (size_t i = 0; i < bytes / sizeof words[0]; i++)
            mark(words[i]);
    }
}

/* Scans those pages of a range that are in memory or swapped out. */
static void scan(uintptr_t first, uintptr_t limit)
{
    uint64_t entries[PAGES_AT_ONCE];
    size_t page = ep__vm_page_bytes();
    for (uintptr_t at = ep__round_down(first, page); at < limit; at += PAGES_AT_ONCE * page) {
        ssize_t got = pread(page_map, entries, sizeof entries, (off_t)(at / page * 8));
        for (unsigned i = 0; i < PAGES_AT_ONCE && at + i * page < limit; i++) {
            uintptr_t start = at + i * page;
            bool is_there = got < (ssize_t)((i + 1) * 8) || entries[i] >> 62 != 0;
            if (is_there)
                scan_words(start > first ? start : first,
                           start + page < limit ? start + page : limit);
        }
    }
}

static void scan_pending(void)
{
    while (pending_count != 0) {
        struct extent block = pending[--pending_count];
        scan((uintptr_t)block.start, (uintptr_t)block.start + block.bytes);
    }
}

struct range {
    uintptr_t first;
    uintptr_t limit;
};

/* Takes a range for the result if it ends above an address, and starts before what was found. */
static void consider(struct range *found, uintptr_t address, struct range range)
{
    if (range.limit > address && range.first < found->first)
        *found = range;
}

/* The first range that is no root and ends above an address: a window with its tables, a huge block, or what we have
 * noted. */
static struct range find_excluded(uintptr_t address)
{
    struct range found = {UINTPTR_MAX, UINTPTR_MAX};
    struct range own;
    if (ep__own_range_above(address, &own.first, &own.limit))
        consider(&found, address, own);
    for (unsigned i = 0; i < windows; i++) {
        uintptr_t base = (uintptr_t)marks[i].window->base;
        consider(&found, address,
                 (struct range){(uintptr_t)marks[i].window, base + marks[i].bytes});
    }
    for (size_t i = 0; i < huge_count; i++) {
        uintptr_t start = (uintptr_t)huge[i].start;
        consider(&found, address, (struct range){start, start + (huge[i].bytes & ~(size_t)1)});
    }
    return found;
}

static void scan_root(uintptr_t first, uintptr_t limit)
{
    while (first < limit) {
        struct range excluded = find_excluded(first);
        if (excluded.first > first)
            scan(first, excluded.first < limit ? excluded.first : limit);
        scan_pending();
        first = excluded.limit;
    }
}

static int scan_mapping(const struct mapping *mapping, void *argument)
{
    uintptr_t stack = (uintptr_t)argument;
    uintptr_t first = mapping->first;
    bool is_private_memory = mapping->is_readable && mapping->is_writable && !mapping->is_shared;
    if (!is_private_memory || mapping->limit - mapping->first > ROOT_BYTES_MAX)
        return 0;
    if (stack - first < mapping->limit - first)
        first = stack;
    scan_root(first, mapping->limit);
    return 0;
}

/* A block that is held back after its free is not in use. */
static int drop_kept(const struct tracked *tracked, void *argument)
{
    (void)argument;
    const char *start = tracked->address - tracked->front;
    struct marks *at = marks_of(start);
    if (at != NULL && tracked->state == EP__RECORD_KEPT) {
        size_t bit = bit_of(at, start);
        at->in_use[bit / 64] &= ~((uint64_t)1 << bit % 64);
    }
    return 0;
}

int ep__reach_mark(const void *stack)
{
    huge = map_scratch(sizeof *huge << HUGE_LOG2);
    pending = map_scratch(sizeof *pending << PENDING_LOG2);
    if (huge == NULL || pending == NULL || !make_marks())
        return ENOMEM;
    if (ep_walk_blocks(note_block, NULL) != 0)
        return EIO;
    (void)ep__record_each(drop_kept, NULL);
    page_map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    int failure = ep__mappings_each(scan_mapping, (void *)stack);
    (void)close(page_map);
    return failure;
}

bool ep__reach_is_marked(const void *start)
{
    const struct marks *at = marks_of(start);
    if (at != NULL)
        return has_bit(at->reached, bit_of(at, start));
    const struct extent *block = find_huge(start);
    return block != NULL && (block->bytes & 1) != 0;
}
