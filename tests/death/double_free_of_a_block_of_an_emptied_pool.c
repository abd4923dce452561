/* expect: SIGABRT "^epmalloc: double free, or free into an empty pool, of 0x[0-9a-f]+\n$" */
/* Delayed: all blocks of the pool have been freed meanwhile, by the thread that owns it. */
#include "death/blocks.h"

enum { BLOCKS = 1000 };

int main(void)
{
    static void *volatile blocks[BLOCKS];
    get_blocks(blocks, BLOCKS, 800);
    free_blocks(blocks, BLOCKS);
    free(blocks[BLOCKS / 2]);
    return 0;
}
