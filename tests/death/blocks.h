/* Blocks of one size, got and freed by the calling thread.
 *
 * Volatile, because the compiler would warn of what is done with them afterwards. */
#ifndef TESTS_DEATH_BLOCKS_H
#define TESTS_DEATH_BLOCKS_H

#include <stdlib.h>
#include <string.h>

static inline void get_blocks(void *volatile *blocks, unsigned count, size_t size)
{
    for (unsigned i = 0; i < count; i++)
        blocks[i] = malloc(size);
}

static inline void free_blocks(void *volatile *blocks, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        free(blocks[i]);
}

#endif
