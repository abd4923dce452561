/* expect: SIGABRT "^epmalloc: free of 0x[0-9a-f]+, which epmalloc did not allocate, called at 0x[0-9a-f]+\n$" abort:1 */
#include <stdlib.h>

static char global[100];

int main(void)
{
    void *volatile foreign = &global[16];
    free(foreign);
    return 0;
}
