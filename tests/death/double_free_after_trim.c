/* expect: SIGABRT "^epmalloc: double free, or free into an empty pool, of 0x[0-9a-f]+\n$" */
/* The memory has gone back to the system meanwhile. */
#include <malloc.h>
#include <stdlib.h>

int main(void)
{
    void *run = malloc(1000000);
    void *volatile again = run;
    free(run);
    malloc_trim(0);
    free(again);
    return 0;
}
