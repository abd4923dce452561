/* expect: SIGABRT "^epmalloc: the link in a free block was overwritten: 0x[0-9a-f]+\n$" check_links:1 */
/* Blocks that another thread has freed, and written into, are looked at when their owner takes them. */
#include <pthread.h>

#include <epmalloc/epmalloc.h>

#include "death/blocks.h"

enum { BLOCKS = 1000 };

static void *volatile blocks[BLOCKS];

static void *free_there(void *unused)
{
    free_blocks(blocks, BLOCKS / 2);
    ep_thread_idle();
    for (unsigned i = 0; i < BLOCKS / 2; i++)
        memset(blocks[i], 0x41, 8);
    return unused;
}

int main(void)
{
    pthread_t thread;
    get_blocks(blocks, BLOCKS, 600);
    if (pthread_create(&thread, NULL, free_there, NULL) != 0 || pthread_join(thread, NULL) != 0)
        return 1;
    get_blocks(blocks, BLOCKS, 600);
    return 0;
}
