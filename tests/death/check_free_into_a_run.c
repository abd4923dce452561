/* expect: SIGABRT "^epmalloc: free of a pointer that does not start a block: 0x[0-9a-f]+, \+100000 from the start of " check:2 */
/* stacks: allocate_it - free_it */
#include "death/checked.h"

int main(void)
{
    char *volatile p = allocate_it(200000);
    free_it(p + 100000);
    return 0;
}
