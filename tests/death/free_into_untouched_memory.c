/* expect: SIGABRT "^epmalloc: double free, or free into an empty pool, of 0x[0-9a-f]+\n$" */
/* Our address space, where no pool has ever been. */
#include <stdint.h>
#include <stdlib.h>

int main(void)
{
    void *block = malloc(100);
    void *volatile beyond = (void *)(((uintptr_t)block | 0x3fffff) + 1 + ((uintptr_t)64 << 20));
    free(beyond);
    return 0;
}
