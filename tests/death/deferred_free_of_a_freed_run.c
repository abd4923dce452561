/* expect: SIGABRT "^epmalloc: deferred free after a free, or into an empty pool, of 0x[0-9a-f]+\n$" */
#include <epmalloc/epmalloc.h>

int main(void)
{
    void *volatile run = ep_malloc(200000);
    ep_free(run);
    return ep_free_deferred(run);
}
