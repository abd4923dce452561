/* expect: SIGABRT "^epmalloc: double free, or free into an empty pool, of 0x[0-9a-f]+\n$" */
/* The owner's own frees are not looked at one by one.  When there have been as many as the pool has blocks, it goes
 * back to its arena, and the next free into it is found. */
#include "death/blocks.h"

enum { BLOCKS = 1000, OTHERS = 60 };

int main(void)
{
    static void *volatile blocks[BLOCKS];
    get_blocks(blocks, BLOCKS, 800);
    /* Another pool of the class, so that a wholly free one is not kept in reserve. */
    free_blocks(blocks + BLOCKS / 2, OTHERS);
    for (unsigned i = 0; i < BLOCKS; i++)
        free(blocks[0]);
    return 0;
}
