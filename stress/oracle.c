/* The shadow oracle: contents and registry of live blocks (oracle.h).  The account is in tally.c. */
#include "oracle.h"

#include <errno.h>
#include <string.h>

#include "allocator.h"
#include "harness.h"
#include "random.h"
#include "registry.h"

enum {
    WHOLE_WORDS = 64, /* blocks up to this size are filled completely */
    END_WORDS = 8,
    FREED_ID = 0xffffffff,
    IDS_AT_ONCE = 4096
};

bool stress_has_registry = true;

static uint32_t draw_id(void)
{
    static _Atomic(uint32_t) ids = 1;
    static _Thread_local uint32_t next, end;
    if (next == end) {
        /* order: relaxed -- a number that nobody else gets; it carries nothing */
        next = ep__fetch_add_relaxed(&ids, IDS_AT_ONCE);
        end = next + IDS_AT_ONCE;
    }
    uint32_t id = next++;
    return id == 0 || id == (uint32_t)FREED_ID ? draw_id() : id;
}

/* --- contents --------------------------------------------------------------------------------- */

static uint64_t word_of(const struct block *block, size_t i)
{
    return (uint64_t)block->id << 32 | (uint32_t)stress_hash(i + 1);
}

/* Words per cell: half a KiB, and more where a block would have more than 256 cells. */
static size_t cell_words(size_t size)
{
    size_t words = 64;
    while (words * 8 * 256 < size)
        words *= 2;
    return words;
}

static size_t cell_word(const struct block *block, size_t cell, size_t words_per_cell)
{
    return cell * words_per_cell + stress_hash(block->id + cell) % words_per_cell;
}

typedef void act_on_word(const struct block *block, size_t i, size_t bytes);

static void put_word(const struct block *block, size_t i, size_t bytes)
{
    uint64_t word = word_of(block, i);
    memcpy(block->start + i * 8, &word, bytes);
}

static void check_word(const struct block *block, size_t i, size_t bytes)
{
    uint64_t expected = word_of(block, i);
    uint64_t found = expected;
    memcpy(&found, block->start + i * 8, bytes);
    if (__builtin_expect(found == expected, 1))
        return;
    stress_fail("contents: block %p (id 0x%x, %zu bytes, usable %zu), offset %zu holds 0x%016llx "
                "instead of 0x%016llx%s",
                (void *)block->start, block->id, block->size, block->usable, i * 8,
                (unsigned long long)found, (unsigned long long)expected,
                (uint32_t)found == (uint32_t)expected ? ": the same word of another block"
                : found >> 32 == FREED_ID             ? ": a freed block's mark"
                                                      : "");
}

/* Acts on the words of the block's first `limit` bytes that it is filled with. */
static inline __attribute__((always_inline)) void walk_words(const struct block *block,
                                                             size_t limit, act_on_word *act)
{
    size_t words = block->size / 8;
    size_t whole = limit / 8;
    if (words <= WHOLE_WORDS) {
        for (size_t i = 0; i < whole; i++)
            act(block, i, 8);
        if (limit % 8 != 0)
            act(block, whole, limit % 8);
        return;
    }
    for (size_t i = 0; i < END_WORDS && i < whole; i++)
        act(block, i, 8);
    size_t per_cell = cell_words(block->size);
    for (size_t cell = 0; (cell + 1) * per_cell <= whole; cell++)
        act(block, cell_word(block, cell, per_cell), 8);
    for (size_t i = words - END_WORDS; i < whole; i++)
        act(block, i, 8);
    if (limit == block->size && limit % 8 != 0)
        act(block, words, limit % 8);
}

static void fill_block(const struct block *block)
{
    walk_words(block, block->size, put_word);
}

static void check_zero(const unsigned char *start, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (start[i] != 0)
            stress_fail("calloc: block %p of %zu bytes holds 0x%02x at offset %zu",
                        (const void *)start, bytes, start[i], i);
}

/* --- registry and attributes ------------------------------------------------------------------ */

static void enter_registry(const struct block *block)
{
    if (!stress_has_registry)
        return;
    uint32_t found = stress_registry_change(block->start, block->usable, 0, block->id);
    stress_require(found == 0,
                   "overlap: block %p (id 0x%x, %zu bytes, usable %zu) was given out while block "
                   "id 0x%x is live there",
                   (void *)block->start, block->id, block->size, block->usable, found);
}

static void leave_registry(const struct block *block)
{
    if (!stress_has_registry)
        return;
    uint32_t found = stress_registry_change(block->start, block->usable, block->id, 0);
    stress_require(found == block->id,
                   "overlap: block %p (id 0x%x, %zu bytes, usable %zu) is live, and so is block "
                   "id 0x%x there",
                   (void *)block->start, block->id, block->size, block->usable, found);
}

static void check_attributes(const struct block *block)
{
    size_t usable = stress_allocator.usable_size(block->start);
    stress_require(usable == block->usable && usable >= block->size,
                   "usable size: block %p of %zu bytes had %zu usable bytes, and has %zu",
                   (void *)block->start, block->size, block->usable, usable);
    stress_require(stress_allocator.owns(block->start),
                   "owns: block %p of %zu bytes, usable %zu, is not known", (void *)block->start,
                   block->size, usable);
}

/* Everything but the contents of a new block. */
static void describe_block(struct block *block, void *start, size_t size, size_t alignment)
{
    stress_require(start != NULL, "out of memory: %zu bytes at alignment %zu, errno %d", size,
                   alignment, errno);
    size_t least = alignment > 16 ? alignment : 16;
    stress_require((uintptr_t)start % least == 0, "alignment: block %p of %zu bytes, wanted %zu",
                   start, size, least);
    block->start = start;
    block->size = size;
    block->alignment = alignment;
    block->usable = stress_allocator.usable_size(start);
    if (block->id == 0)
        block->id = draw_id();
    check_attributes(block);
    enter_registry(block);
}

void stress_block_got(struct block *block, void *start, size_t size, size_t alignment)
{
    block->id = 0;
    describe_block(block, start, size, alignment);
    fill_block(block);
}

void stress_block_got_zeroed(struct block *block, void *start, size_t size)
{
    block->id = 0;
    describe_block(block, start, size, 1);
    check_zero(start, size);
    fill_block(block);
}

void stress_block_verify(const struct block *block)
{
    check_attributes(block);
    walk_words(block, block->size, check_word);
}

void stress_block_leave(struct block *block)
{
    stress_block_verify(block);
    leave_registry(block);
}

void *stress_block_give(struct block *block)
{
    unsigned char *start = block->start;
    stress_block_leave(block);
    block->id = (uint32_t)FREED_ID;
    if (block->size >= 8) {
        put_word(block, 0, 8);
        put_word(block, block->size / 8 - 1, 8);
    }
    block->start = NULL;
    return start;
}

void stress_block_resized(struct block *block, void *start, size_t size)
{
    struct block old = *block;
    describe_block(block, start, size, start == old.start ? old.alignment : 1);
    old.start = start;
    walk_words(&old, old.size < size ? old.size : size, check_word);
    fill_block(block);
}

void stress_block_stayed(struct block *block)
{
    enter_registry(block);
    stress_block_verify(block);
}
