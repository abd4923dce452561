/* expect: SIGABRT "^epmalloc: free of a pointer that does not start a block: 0x[0-9a-f]+\n$" */
/* A run that serves an alignment: the address is aligned, but the block starts elsewhere. */
#include <stdlib.h>

int main(void)
{
    char *block = aligned_alloc(65536, 262144);
    char *volatile inside = block + 131072;
    free(inside);
    return 0;
}
