/* expect: SIGABRT "^epmalloc: realloc of a pointer that does not start a block in use: 0x[0-9a-f]+\n$" */
/* Its pool has gone back to the arena. */
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
    void *volatile freed = blocks[BLOCKS / 2];
    return realloc(freed, 2000) == NULL;
}
