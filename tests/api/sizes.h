/* Sizes at which something changes: the edges of every size class, of runs and of huge blocks, each with
 * its neighbours.  Written from what the documents promise, not from lib's tables. */
#ifndef TESTS_API_SIZES_H
#define TESTS_API_SIZES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { EDGES_MAX = 512 };

struct edges {
    size_t count;
    size_t sizes[EDGES_MAX];
};

static inline void add_edge(struct edges *edges, size_t size)
{
    edges->sizes[edges->count++] = size - 1;
    edges->sizes[edges->count++] = size;
    edges->sizes[edges->count++] = size + 1;
}

/* 16-byte steps to 512, 8 a doubling to 32 KiB, 64 KiB steps to 1 MiB, then huge ones. */
static inline void collect_edges(struct edges *edges)
{
    edges->count = 0;
    edges->sizes[edges->count++] = 0;
    for (size_t size = 16; size <= 512; size += 16)
        add_edge(edges, size);
    for (size_t base = 512; base < 32768; base *= 2)
        for (size_t size = base + base / 8; size <= 2 * base; size += base / 8)
            add_edge(edges, size);
    for (size_t size = 65536; size <= 1048576; size += 65536)
        add_edge(edges, size);
    add_edge(edges, 1048576 + 4096);
    add_edge(edges, 2097152);
    add_edge(edges, 5000000);
}

/* Fills a block with bytes that depend on their place and on `seed`. */
static inline void fill_block(void *block, size_t size, unsigned seed)
{
    unsigned char *bytes = block;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(i * 31 + (i >> 8) + seed);
}

/* The number of leading bytes that are as fill_block() left them. */
static inline size_t count_filled(const void *block, size_t size, unsigned seed)
{
    const unsigned char *bytes = block;
    size_t i = 0;
    while (i < size && bytes[i] == (unsigned char)(i * 31 + (i >> 8) + seed))
        i++;
    return i;
}

/* The number of leading zero bytes. */
static inline size_t count_zeros(const void *block, size_t size)
{
    const unsigned char *bytes = block;
    size_t i = 0;
    while (i < size && bytes[i] == 0)
        i++;
    return i;
}

#endif
