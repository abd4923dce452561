/* expect: exit 0 "^epmalloc: realloc of 0x[0-9a-f]+, which epmalloc did not allocate, called at 0x[0-9a-f]+: ignored\n$" */
/* It fails as if there were no memory. */
#include <errno.h>
#include <stdlib.h>

static char global[100];

int main(void)
{
    void *volatile foreign = global;
    errno = 0;
    return realloc(foreign, 200) == NULL && errno == ENOMEM ? 0 : 1;
}
