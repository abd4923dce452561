/* expect: SIGABRT "^epmalloc: free of a pointer that does not start a block: 0x[0-9a-f]+\n$" */
#include <stdlib.h>

int main(void)
{
    char *run = malloc(300000);
    char *volatile inside = run + 16;
    free(inside);
    return 0;
}
