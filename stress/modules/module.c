/* A shared object that allocates: when it is loaded, when it is called, when it is unloaded (modules.c). */
#include <stdlib.h>
#include <string.h>

enum { OWN_BYTES = 3000 };

struct module {
    void *(*get)(size_t size);
    void (*put)(void *block);
};

static char *own;

static __attribute__((constructor)) void begin(void)
{
    own = malloc(OWN_BYTES);
    if (own == NULL)
        abort();
    memset(own, 'm', OWN_BYTES);
}

static __attribute__((destructor)) void end(void)
{
    if (own[0] != 'm' || own[OWN_BYTES - 1] != 'm')
        abort();
    free(own);
}

static void *get(size_t size)
{
    return malloc(size);
}

static void put(void *block)
{
    free(block);
}

extern const struct module module;
__attribute__((visibility("default"))) const struct module module = {get, put};
