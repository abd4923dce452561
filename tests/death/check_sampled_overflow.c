/* expect: SIGABRT "^epmalloc: use beyond the end of a block, at 0x[0-9a-f]+, \+112 from the start of 0x[0-9a-f]+: a block of 112 bytes, serial number [0-9]+\n" check:1,check_every:1 */
/* stacks: allocate_it - write_it */
#include "death/checked.h"

int main(void)
{
    char *volatile p = allocate_it(112);
    write_it(p, 112);
    return 0;
}
