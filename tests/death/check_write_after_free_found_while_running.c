/* expect: SIGABRT "^epmalloc: write after the free of 0x[0-9a-f]+: a block of 100 bytes, serial number [0-9]+: byte 7 is 0x41\n" check:2,check_quarantine:4k */
/* stacks: allocate_it free_it free_again */
/* Found when later frees push the block out of the quarantine. */
#include <unistd.h>

#include "death/checked.h"

int main(void)
{
    char *volatile p = allocate_it(100);
    free_it(p);
    write_it(p, 7);
    for (int i = 0; i < 100; i++)
        free_again(allocate_it(90));
    _exit(0);
    return 0;
}
