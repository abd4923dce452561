/* What `python3 -m epmalloc` preloads into the interpreter that it starts: acts before the interpreter's first object.
 *
 * EPMALLOC_PYTHON_START says what is done: "install" puts malloc, which is the preloaded libepmalloc's, in the place of
 * the three domains' allocators; "inspect" leaves these alone and notes which arenas pymalloc has.  The variable
 * and what it brought along in LD_PRELOAD are taken out of the environment, so that child processes are as they
 * would have been.  In a process that is no Python interpreter nothing else happens.
 *
 * The list of arenas is written by who holds the GIL, as pymalloc is, and read by the extension module.
 */
#include <Python.h>

#include <stdlib.h>
#include <string.h>

#include "arenas.h"
#include "rows.h"

#pragma weak PyMem_SetAllocator
#pragma weak PyObject_GetArenaAllocator
#pragma weak PyObject_SetArenaAllocator

static struct rows arenas = {NULL, sizeof(struct pymalloc_arena), 0, 0};
static PyObjectArenaAllocator system_arenas;

static void *allocate_arena(void *unused, size_t bytes)
{
    (void)unused;
    void *start = system_arenas.alloc(system_arenas.ctx, bytes);
    struct pymalloc_arena *arena = start == NULL ? NULL : ep__rows_add(&arenas);
    if (arena != NULL)
        *arena = (struct pymalloc_arena){start, bytes};
    return start;
}

static void free_arena(void *unused, void *start, size_t bytes)
{
    (void)unused;
    struct pymalloc_arena *all = (struct pymalloc_arena *)(void *)arenas.memory;
    for (size_t i = 0; i < arenas.count; i++)
        if (all[i].start == start) {
            all[i] = all[--arenas.count];
            break;
        }
    system_arenas.free(system_arenas.ctx, start, bytes);
}

const struct rows *ep__python_arenas(void)
{
    return &arenas;
}

static void *allocate(void *unused, size_t size)
{
    (void)unused;
    return malloc(size);
}

static void *allocate_zeroed(void *unused, size_t count, size_t size)
{
    (void)unused;
    return calloc(count, size);
}

static void *reallocate(void *unused, void *p, size_t size)
{
    (void)unused;
    return realloc(p, size + (size == 0));
}

static void free_block(void *unused, void *p)
{
    (void)unused;
    free(p);
}

static void install(void)
{
    PyMemAllocatorEx own = {NULL, allocate, allocate_zeroed, reallocate, free_block};
    PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &own);
    PyMem_SetAllocator(PYMEM_DOMAIN_MEM, &own);
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &own);
}

static void inspect(void)
{
    PyObjectArenaAllocator noting = {NULL, allocate_arena, free_arena};
    PyObject_GetArenaAllocator(&system_arenas);
    PyObject_SetArenaAllocator(&noting);
}

/* LD_PRELOAD as it was before. */
static void clean_environment(void)
{
    const char *before = getenv("EPMALLOC_PYTHON_PRELOAD");
    if (before == NULL)
        unsetenv("LD_PRELOAD");
    else
        setenv("LD_PRELOAD", before, 1);
    unsetenv("EPMALLOC_PYTHON_PRELOAD");
    unsetenv("EPMALLOC_PYTHON_START");
}

__attribute__((constructor)) static void start(void)
{
    const char *what = getenv("EPMALLOC_PYTHON_START");
    if (what == NULL)
        return;
    if (PyMem_SetAllocator != NULL && strcmp(what, "install") == 0)
        install();
    if (PyObject_SetArenaAllocator != NULL && strcmp(what, "inspect") == 0)
        inspect();
    clean_environment();
}
