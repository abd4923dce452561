/* expect: SIGABRT "^epmalloc: double free, or free into an empty pool, of 0x[0-9a-f]+\n$" */
/* The owner's own frees are not looked at one by one.  When there have been as many as the pool has blocks, it goes
 * back to its arena, and the next free into it is found. */
#include <stdlib.h>

enum { BLOCKS = 1000, OTHERS = 60 };

int main(void)
{
    static void *blocks[BLOCKS];
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = malloc(800);
    /* Another pool of the class, so that a wholly free one is not kept in reserve. */
    for (unsigned i = BLOCKS / 2; i < BLOCKS / 2 + OTHERS; i++) {
        void *volatile block = blocks[i];
        free(block);
    }
    for (unsigned i = 0; i < BLOCKS; i++) {
        void *volatile same = blocks[0];
        free(same);
    }
    return 0;
}
