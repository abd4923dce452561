/* expect: SIGABRT "^epmalloc: realloc of a pointer that does not start a block in use: 0x[0-9a-f]+\n$" */
#include <stdlib.h>

int main(void)
{
    char *block = malloc(100);
    char *volatile inside = block + 16;
    return realloc(inside, 200) == NULL;
}
