/* expect: SIGABRT "^epmalloc: free of a pointer that does not start a block: 0x[0-9a-f]+\n$" */
#include <pthread.h>
#include <stdlib.h>

static void *free_misaligned(void *block)
{
    char *volatile misaligned = (char *)block + 3;
    free(misaligned);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    char *block = malloc(64);
    if (pthread_create(&thread, NULL, free_misaligned, block) != 0)
        return 1;
    pthread_join(thread, NULL);
    return 0;
}
