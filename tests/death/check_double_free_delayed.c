/* expect: SIGABRT "^epmalloc: double free of 0x[0-9a-f]+: a block of 100 bytes, serial number [0-9]+\n" check:2,check_quarantine:0 */
/* stacks: allocate_it free_it free_again */
/* Nothing is held back: the block has gone back to its pool. */
#include "death/checked.h"

int main(void)
{
    char *volatile p = allocate_it(100);
    char *volatile other = allocate_it(100);
    free_it(p);
    free(malloc(3000));
    free_again(p);
    free(other);
    return 0;
}
