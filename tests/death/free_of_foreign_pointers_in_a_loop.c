/* expect: exit 0 "^epmalloc: free of 0x[0-9a-f]+, which epmalloc did not allocate, called at 0x[0-9a-f]+: ignored\n$" */
/* One place in the program: one line, however often. */
#include <stdlib.h>

static char global[100];

int main(void)
{
    for (unsigned i = 0; i < 100; i++) {
        void *volatile foreign = &global[i];
        free(foreign);
    }
    return 0;
}
