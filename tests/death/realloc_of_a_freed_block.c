/* expect: SIGABRT "^epmalloc: realloc of a pointer that does not start a block in use: 0x[0-9a-f]+\n$" */
/* Its pool has gone back to the arena. */
#include "death/blocks.h"

enum { BLOCKS = 1000 };

int main(void)
{
    static void *volatile blocks[BLOCKS];
    get_blocks(blocks, BLOCKS, 800);
    free_blocks(blocks, BLOCKS);
    return realloc(blocks[BLOCKS / 2], 2000) == NULL;
}
