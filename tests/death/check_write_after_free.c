/* expect: SIGABRT "^epmalloc: write after the free of 0x[0-9a-f]+: a block of 100 bytes, serial number [0-9]+: byte 7 is 0x41\n" check:2 */
/* stacks: allocate_it free_it - */
/* Found at exit. */
#include "death/checked.h"

int main(void)
{
    char *volatile p = allocate_it(100);
    free_it(p);
    write_it(p, 7);
    return 0;
}
