/* expect: SIGABRT "^epmalloc: free of a pointer that does not start a block: 0x[0-9a-f]+\n$" */
/* The slow path sees that no block starts there; the owner's own free would not look. */
#include <pthread.h>
#include <stdlib.h>

static void *free_inside(void *block)
{
    char *volatile inside = (char *)block + 16;
    free(inside);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    char *block = malloc(100);
    if (pthread_create(&thread, NULL, free_inside, block) != 0)
        return 1;
    pthread_join(thread, NULL);
    return 0;
}
