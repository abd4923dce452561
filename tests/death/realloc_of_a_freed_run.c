/* expect: SIGABRT "^epmalloc: realloc of a pointer that does not start a block in use: 0x[0-9a-f]+\n$" */
#include <stdlib.h>

int main(void)
{
    void *run = malloc(100000);
    void *volatile freed = run;
    free(run);
    return realloc(freed, 200000) == NULL;
}
