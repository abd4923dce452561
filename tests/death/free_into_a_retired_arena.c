/* expect: SIGABRT "^epmalloc: double free, or free into an empty pool, of 0x[0-9a-f]+\n$" */
/* All of the arena's pools are gone, and its memory has gone back to the system. */
#include <malloc.h>

#include "death/blocks.h"

enum { BLOCKS = 16000 };

int main(void)
{
    static void *volatile blocks[BLOCKS];
    get_blocks(blocks, BLOCKS, 1000);
    free_blocks(blocks, BLOCKS);
    malloc_trim(0);
    free(blocks[BLOCKS / 2]);
    return 0;
}
