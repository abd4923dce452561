/* expect: exit 0 "^epmalloc: free of 0x[0-9a-f]+, which epmalloc did not allocate, called at 0x[0-9a-f]+: ignored\n$" */
/* The program's own mapping stays as it is. */
#include <stdlib.h>
#include <sys/mman.h>

int main(void)
{
    const size_t bytes = (size_t)8 << 20;
    char *mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED)
        return 1;
    mapping[0] = 'm';
    void *volatile foreign = mapping;
    free(foreign);
    return mapping[0] == 'm' ? 0 : 2;
}
