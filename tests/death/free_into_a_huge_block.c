/* expect: exit 0 "^epmalloc: free of 0x[0-9a-f]+, which epmalloc did not allocate, called at 0x[0-9a-f]+: ignored\n$" */
/* The block stays in use. */
#include <stdlib.h>
#include <string.h>

int main(void)
{
    char *huge = malloc(5000000);
    memset(huge, 1, 5000000);
    char *volatile inside = huge + 4096;
    free(inside);
    return huge[4999999] == 1 ? 0 : 1;
}
