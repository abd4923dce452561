/* expect: SIGABRT "^epmalloc: double free, or free into an empty pool, of 0x[0-9a-f]+\n$" */
/* The pool of an ended thread; its last block is freed, which gives the pool back, and freed again. */
#include <pthread.h>
#include <stdlib.h>

static void *allocate(void *unused)
{
    (void)unused;
    return malloc(700);
}

int main(void)
{
    pthread_t thread;
    void *block;
    if (pthread_create(&thread, NULL, allocate, NULL) != 0 || pthread_join(thread, &block) != 0)
        return 1;
    void *volatile again = block;
    free(block);
    free(again);
    return 0;
}
