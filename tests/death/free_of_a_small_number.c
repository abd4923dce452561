/* expect: exit 0 "^(epmalloc: free of 0x[0-9a-f]+, which epmalloc did not allocate, called at 0x[0-9a-f]+: ignored\n){3}$" */
/* Addresses that no allocator gives out are not looked at. */
#include <stdint.h>
#include <stdlib.h>

int main(void)
{
    void *volatile low = (void *)(uintptr_t)16;
    void *volatile high = (void *)(UINTPTR_MAX - 15);
    void *volatile odd = (void *)(uintptr_t)0x800000000001;
    free(low);
    free(high);
    free(odd);
    return 0;
}
