/* The oracle of the fuzzer (calls.h). */
#include "fuzz/oracle.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stress/allocator.h"

/* All bytes of a small block; of a big one its ends, and some bytes between. */
enum { END_BYTES = 128, STRIDE = 1024, STRIDES_MAX = 64 };

void fuzz_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("FAILED: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    abort();
}

size_t fuzz_natural_alignment(size_t size)
{
    return size >= 16 && (size & (size - 1)) == 0 ? size : 16;
}

void fuzz_apart(const struct fuzz_block *block, const struct fuzz_block *other)
{
    uintptr_t from = (uintptr_t)block->start;
    uintptr_t other_from = (uintptr_t)other->start;
    if (block == other || other->start == NULL)
        return;
    fuzz_require(from + block->size <= other_from || other_from + other->size <= from ||
                     block->size == 0 || other->size == 0,
                 "overlap: %zu bytes at %p and %zu bytes at %p", block->size,
                 (const void *)block->start, other->size, (const void *)other->start);
    fuzz_require(from != other_from, "overlap: two blocks at %p", (const void *)block->start);
}

static unsigned char byte_of(unsigned id, size_t i)
{
    return (unsigned char)(id * 131 + i * 7 + (i >> 8));
}

static size_t next_place(size_t i, size_t size)
{
    size_t stride = size / STRIDES_MAX > STRIDE ? size / STRIDES_MAX : STRIDE;
    if (i + 1 < END_BYTES || size - i <= END_BYTES)
        return i + 1;
    return size - i > stride + END_BYTES ? i + stride : size - END_BYTES;
}

void fuzz_fill(const struct fuzz_block *block)
{
    fuzz_require((uintptr_t)block->start % block->alignment == 0,
                 "alignment: %p is not a multiple of %zu", (const void *)block->start,
                 block->alignment);
    size_t usable = stress_allocator.usable_size(block->start);
    fuzz_require(usable >= block->size, "usable size: %zu of %zu", usable, block->size);
    fuzz_require(stress_allocator.owns(block->start), "a block in use is not owned");
    for (size_t i = 0; i < block->size; i = next_place(i, block->size))
        block->start[i] = byte_of(block->id, i);
}

static void verify_bytes(const struct fuzz_block *block, const unsigned char *start, size_t kept)
{
    for (size_t i = 0; i < block->size && i < kept; i = next_place(i, block->size))
        fuzz_require(start[i] == byte_of(block->id, i), "contents: byte %zu of %zu at %p", i,
                     block->size, (const void *)start);
}

void fuzz_verify(const struct fuzz_block *block)
{
    if (block->start != NULL)
        verify_bytes(block, block->start, block->size);
}

void fuzz_verify_moved(const struct fuzz_block *old, const unsigned char *start, size_t size)
{
    if (old->start != NULL)
        verify_bytes(old, start, size);
}

void fuzz_require_zero(const unsigned char *start, size_t size)
{
    size_t step = size <= 65536 ? 1 : (size / 256) | 1;
    for (size_t i = 0; i < size; i += step)
        fuzz_require(start[i] == 0, "calloc: byte %zu of %zu is not zero", i, size);
    fuzz_require(size == 0 || start[size - 1] == 0, "calloc: the last byte of %zu is not zero",
                 size);
}

void fuzz_check_account(size_t live)
{
    struct ep_stats account;
    if (!stress_allocator.account(&account))
        return;
    size_t in_use = account.blocks_in_use + account.runs_in_use + account.huge_blocks;
    fuzz_require(in_use == live, "account: %zu blocks in use, %zu are live", in_use, live);
    fuzz_require(account.total_bytes == account.arena_bytes && account.unaccounted_bytes == 0 &&
                     account.uncertain_bytes == 0,
                 "account: %zu of %zu bytes, %zu nowhere, %zu uncertain", account.total_bytes,
                 account.arena_bytes, account.unaccounted_bytes, account.uncertain_bytes);
}
