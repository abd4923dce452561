/* expect: SIGABRT "^epmalloc: a block was freed twice, or written to when free, in the pool at 0x[0-9a-f]+\n$" */
/* Another thread frees a block of a running thread, and then its owner does: found when the owner lets its pool go. */
#include <epmalloc/epmalloc.h>
#include <pthread.h>
#include <stdlib.h>

static void *free_it(void *block)
{
    free(block);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    void *block = malloc(600);
    void *volatile again = block;
    if (pthread_create(&thread, NULL, free_it, block) != 0 || pthread_join(thread, NULL) != 0)
        return 1;
    free(again);
    ep_thread_idle();
    return 0;
}
