/* expect: exit 0 "^epmalloc: free of 0x[0-9a-f]+, which epmalloc did not allocate, called at 0x[0-9a-f]+: ignored\n$" */
#include <stdlib.h>

int main(void)
{
    int local;
    void *volatile foreign = &local;
    free(foreign);
    return 0;
}
