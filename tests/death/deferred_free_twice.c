/* expect: SIGABRT "^epmalloc: deferred twice, and not allocated in between: 0x[0-9a-f]+\n$" */
#include <epmalloc/epmalloc.h>

int main(void)
{
    void *block = ep_malloc(100);
    if (ep_free_deferred(block) != 0 || ep_free_deferred(block) != 0)
        return 1;
    return ep_epoch_barrier();
}
