/* expect: SIGABRT "^epmalloc: double free of 0x[0-9a-f]+: a block of 200000 bytes, serial number [0-9]+\n" check:2 */
/* stacks: allocate_it free_it free_again */
#include "death/checked.h"

int main(void)
{
    char *volatile p = allocate_it(200000);
    free_it(p);
    free_again(p);
    return 0;
}
