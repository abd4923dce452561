/* expect: SIGABRT "^epmalloc: write beyond the end of 0x[0-9a-f]+: a block of 100 bytes, serial number [0-9]+: byte 100 is 0x41\n" check:2 */
/* stacks: allocate_it - - */
/* The block is never freed. */
#include "death/checked.h"

int main(void)
{
    char *volatile p = allocate_it(100);
    write_it(p, 100);
    return 0;
}
