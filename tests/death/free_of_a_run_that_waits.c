/* expect: SIGABRT "^epmalloc: freed while its deferred free was waiting: 0x[0-9a-f]+\n$" */
#include <epmalloc/epmalloc.h>

int main(void)
{
    void *volatile run = ep_malloc(200000);
    if (ep_free_deferred(run) != 0)
        return 1;
    ep_free(run);
    return ep_epoch_barrier();
}
