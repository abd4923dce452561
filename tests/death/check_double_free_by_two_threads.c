/* expect: SIGABRT "^epmalloc: double free of 0x[0-9a-f]+: a block of 100 bytes, serial number [0-9]+\n" check:2 */
/* stacks: allocate_it free_it free_again */
#include <pthread.h>

#include "death/checked.h"

static void *free_there(void *p)
{
    free_it(p);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    char *volatile p = allocate_it(100);
    if (pthread_create(&thread, NULL, free_there, p) != 0 || pthread_join(thread, NULL) != 0)
        return 1;
    free_again(p);
    return 0;
}
