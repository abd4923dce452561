/* expect: SIGABRT "^epmalloc: free of 0x[0-9a-f]+, which epmalloc did not allocate, called at 0x[0-9a-f]+\n$" check:2 */
#include "death/checked.h"

int main(void)
{
    char local[100];
    char *volatile p = local;
    free_it(p);
    return 0;
}
