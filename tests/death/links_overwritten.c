/* expect: SIGABRT "^epmalloc: the link in a free block was overwritten: 0x[0-9a-f]+\n$" check_links:1 */
/* A freed block is written into; the list that it is on is looked at when the thread gives its pool up. */
#include <epmalloc/epmalloc.h>

#include "death/blocks.h"

enum { BLOCKS = 1000 };

int main(void)
{
    static void *volatile blocks[BLOCKS];
    get_blocks(blocks, BLOCKS, 100);
    free_blocks(blocks, BLOCKS);
    memset(blocks[BLOCKS - 1], 0x41, 8);
    ep_thread_idle();
    return 0;
}
