/* expect: exit 0 "^epmalloc: deferred free of 0x[0-9a-f]+, which epmalloc did not allocate, called at 0x[0-9a-f]+: ignored\n$" */
#include <epmalloc/epmalloc.h>

int main(void)
{
    int local;
    void *volatile foreign = &local;
    return ep_free_deferred(foreign);
}
