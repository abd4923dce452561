/* expect: SIGABRT "^epmalloc: double free, or free into an empty pool, of 0x[0-9a-f]+\n$" */
#include <stdlib.h>

int main(void)
{
    void *run = malloc(200000);
    void *volatile again = run;
    free(run);
    free(again);
    return 0;
}
