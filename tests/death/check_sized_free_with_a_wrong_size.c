/* expect: SIGABRT "^epmalloc: sized free with a wrong size of 0x[0-9a-f]+: a block of 100 bytes, serial number [0-9]+\n" check:2 */
/* stacks: allocate_it - free_wrongly */
#include <epmalloc/epmalloc.h>

#include "death/checked.h"

APART static void free_wrongly(void *p)
{
    ep_free_sized(p, 101);
    STAY(9);
}

int main(void)
{
    char *volatile p = allocate_it(100);
    free_wrongly(p);
    return 0;
}
