/* expect: SIGABRT "^epmalloc: double free, or free into an empty pool, of 0x[0-9a-f]+\n$" */
/* Delayed: all blocks of the pool have been freed meanwhile, by the thread that owns it. */
#include <stdlib.h>

enum { BLOCKS = 1000 };

int main(void)
{
    static void *blocks[BLOCKS];
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = malloc(800);
    for (unsigned i = 0; i < BLOCKS; i++) {
        void *volatile block = blocks[i];
        free(block);
    }
    void *volatile again = blocks[BLOCKS / 2];
    free(again);
    return 0;
}
