/* A module that allocates by epmalloc, in the thread that calls it. */
#include <epmalloc/epmalloc.h>
#include <string.h>

int use_allocator(void);

int use_allocator(void)
{
    enum { BLOCKS = 1000 };
    char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = ep_malloc(i * 3);
        if (blocks[i] == NULL || !ep_owns(blocks[i]))
            return 1;
        memset(blocks[i], (int)(i % 251), i * 3);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        for (size_t byte = 0; byte < i * 3; byte++) {
            if ((unsigned char)blocks[i][byte] != i % 251)
                return 2;
        }
        ep_free(blocks[i]);
    }
    return 0;
}
