/* expect: SIGABRT "^epmalloc: more frees than blocks in the pool of 0x[0-9a-f]+\n$" */
/* Another thread frees one block of a running thread's pool again and again. */
#include <pthread.h>
#include <stdlib.h>

static void *volatile block;

static void *free_often(void *unused)
{
    for (unsigned i = 0; i < 100; i++) {
        void *volatile same = block;
        free(same);
    }
    return unused;
}

int main(void)
{
    pthread_t thread;
    block = malloc(2000);
    if (pthread_create(&thread, NULL, free_often, NULL) != 0 || pthread_join(thread, NULL) != 0)
        return 1;
    return 0;
}
