/* expect: SIGABRT "^epmalloc: free of a pointer that does not start a block: 0x[0-9a-f]+, \+16 from the start of 0x[0-9a-f]+: a block of 100 bytes, serial number [0-9]+\n" check:2 */
/* stacks: allocate_it - free_it */
/* By the thread that owns the block. */
#include "death/checked.h"

int main(void)
{
    char *volatile p = allocate_it(100);
    free_it(p + 16);
    return 0;
}
