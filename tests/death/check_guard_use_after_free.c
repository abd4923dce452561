/* expect: SIGABRT "^epmalloc: use after free, at 0x[0-9a-f]+, \+5 from the start of 0x[0-9a-f]+: a block of 100 bytes, serial number [0-9]+\n" check:3 */
/* stacks: allocate_it free_it write_it */
#include "death/checked.h"

int main(void)
{
    char *volatile p = allocate_it(100);
    free_it(p);
    write_it(p, 5);
    return 0;
}
