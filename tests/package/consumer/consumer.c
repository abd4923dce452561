/* Uses epmalloc by both its names; ends with 0 when they are one allocator. */
#include <epmalloc/epmalloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    char *ours = ep_malloc(100);
    char *standard = malloc(100);
    char *copy = strdup("made inside the C library");
    if (ours == NULL || standard == NULL || copy == NULL)
        return 1;
    if (!ep_owns(ours) || !ep_owns(standard) || !ep_owns(copy))
        return 2;
    printf("version %d.%d.%d, %s\n", EP_VERSION_MAJOR, EP_VERSION_MINOR, EP_VERSION_PATCH, copy);
    ep_free(standard);
    free(ours);
    free(copy);
    return 0;
}
