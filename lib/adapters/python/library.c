/* Loading libepmalloc.  The contract stands in library.h. */
#include "library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define FILE_NAME "libepmalloc-dlopen.so.0"

struct library ep__library;

/* The library's path beside this file's.  False when it does not fit. */
static bool find_beside(char *path, size_t size)
{
    Dl_info here;
    if (dladdr(&ep__library, &here) == 0)
        return false;
    const char *slash = strrchr(here.dli_fname, '/');
    int folder = slash == NULL ? 0 : (int)(slash + 1 - here.dli_fname);
    int length = snprintf(path, size, "%.*s%s", folder, here.dli_fname, FILE_NAME);
    return length > 0 && (size_t)length < size;
}

static void *open_library(bool *is_preloaded)
{
    char path[4096];
    *is_preloaded = dlsym(RTLD_DEFAULT, "ep_address_range") != NULL;
    if (*is_preloaded)
        return dlopen(NULL, RTLD_NOW);
    return find_beside(path, sizeof path) ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
}

static const char *why_not(void)
{
    const char *why = dlerror();
    return why == NULL ? "the path of " FILE_NAME " is too long" : why;
}

#define FIND(name)                                                                                 \
    library.name = (__typeof__(library.name))dlsym(handle, "ep_" #name);                           \
    if (library.name == NULL)                                                                      \
        return why_not();

const char *ep__library_load(void)
{
    struct library library;
    if (ep__library.malloc != NULL)
        return NULL;
    void *handle = open_library(&library.is_preloaded);
    if (handle == NULL)
        return why_not();
    EP__PYTHON_FUNCTIONS(FIND)
    ep__library = library;
    return NULL;
}
