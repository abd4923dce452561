/*
 * extra_instruction: an epmalloc whose free is one instruction longer, which the golden figure of
 * the hot loops has to find out.
 *
 * Linked with the allocator without the C library's names; malloc and the others are second
 * names of its functions, free is a jump to one.
 */
#include <epmalloc/epmalloc.h>

__attribute__((visibility("default"))) void free(void *p);

void free(void *p)
{
    ep_free(p);
}
