/* expect: exit 0 "^(epmalloc: free of 0x[0-9a-f]+, which epmalloc did not allocate, called at 0x[0-9a-f]+: ignored\n){2}$" */
#include <stdlib.h>

static char global[100];

int main(void)
{
    void *volatile first = &global[0];
    void *volatile second = &global[50];
    free(first);
    free(second);
    return 0;
}
