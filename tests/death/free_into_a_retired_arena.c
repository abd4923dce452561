/* expect: SIGABRT "^epmalloc: double free, or free into an empty pool, of 0x[0-9a-f]+\n$" */
/* All of the arena's pools are gone, and its memory has gone back to the system. */
#include <malloc.h>
#include <stdlib.h>

enum { BLOCKS = 16000 };

int main(void)
{
    static void *blocks[BLOCKS];
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = malloc(1000);
    for (unsigned i = 0; i < BLOCKS; i++) {
        void *volatile block = blocks[i];
        free(block);
    }
    malloc_trim(0);
    void *volatile again = blocks[BLOCKS / 2];
    free(again);
    return 0;
}
