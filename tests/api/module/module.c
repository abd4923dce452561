/* A module for tests/api/libc_places.c: it allocates while it is loaded, with the loader's locks held, and
 * frees while it is unloaded. */
#include <stdlib.h>
#include <string.h>

char *module_text(void);

static char *text;

__attribute__((constructor)) static void fill_text(void)
{
    free(realloc(malloc(10), 100000));
    text = strdup("made in a constructor");
}

__attribute__((destructor)) static void free_text(void)
{
    free(text);
}

char *module_text(void)
{
    return text;
}
