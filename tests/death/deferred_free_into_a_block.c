/* expect: SIGABRT "^epmalloc: deferred free of a pointer that does not start a block: 0x[0-9a-f]+\n$" */
#include <epmalloc/epmalloc.h>

int main(void)
{
    char *volatile block = ep_malloc(100);
    return ep_free_deferred(block + 16);
}
