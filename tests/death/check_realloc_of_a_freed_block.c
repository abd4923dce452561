/* expect: SIGABRT "^epmalloc: realloc of a pointer that does not start a block in use: 0x[0-9a-f]+: a block of 100 bytes, serial number [0-9]+\n" check:2 */
/* stacks: allocate_it free_it grow_it */
#include "death/checked.h"

APART static char *grow_it(char *p)
{
    p = realloc(p, 200);
    STAY(9);
    return p;
}

int main(void)
{
    char *volatile p = allocate_it(100);
    free_it(p);
    return grow_it(p) == NULL;
    return 0;
}
