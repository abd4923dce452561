/* expect: exit 0 "^epmalloc: free of 0x[0-9a-f]+, which epmalloc did not allocate, called at 0x[0-9a-f]+: ignored\n$" */
/* A freed huge block is nobody's memory: the second free is one of a foreign pointer. */
#include <stdlib.h>

int main(void)
{
    void *huge = malloc(3000000);
    void *volatile again = huge;
    free(huge);
    free(again);
    return 0;
}
