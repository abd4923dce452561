/* Heap maps: for each pool its blocks' size and which of them are in use.
 *
 * Of epmalloc's heap and of pymalloc's in the same form, so that the two can be put beside each other.  A map is a
 * list of tuples (arena, start, bytes, first_block, block_bytes, blocks, in_use, bits): addresses and sizes in
 * bytes; bits has a bit a block, 1 for in use, the first block lowest in the first byte.
 *
 * The heap is looked at first and Python objects are made afterwards.  With the GIL; NULL and an exception on failure.
 */
#ifndef EPMALLOC_PYTHON_MAPS_H
#define EPMALLOC_PYTHON_MAPS_H

#include <Python.h>
#include <stdint.h>

#include "rows.h"

enum { EP__PYTHON_BLOCKS_MAX = 4096 };

struct map_row {
    uintptr_t arena;
    uintptr_t start;
    uint64_t bytes;
    uintptr_t first_block;
    uint64_t block_bytes;
    uint32_t blocks;
    uint32_t in_use;
    uint8_t bits[EP__PYTHON_BLOCKS_MAX / 8];
};

static inline void ep__map_set(struct map_row *row, uint32_t i)
{
    row->bits[i / 8] |= (uint8_t)(1 << i % 8);
}

/* The list made of the rows, which are given up; failed: MemoryError instead. */
PyObject *ep__map_list(struct rows *rows, int failed) __attribute__((visibility("hidden")));

/* epmalloc's.  Blocks of pools that other running threads own count as in use. */
PyObject *ep__map_own(PyObject *module, PyObject *unused) __attribute__((visibility("hidden")));

#endif
