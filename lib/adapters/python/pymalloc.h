/* pymalloc's heap, read out of its arenas.
 *
 * An arena (1 MiB, from the arena allocator) is cut into pools of 16 KiB at multiples of 16 KiB; a pool begins with its
 * header, behind which its blocks lie.  This is the layout of CPython 3.10 to 3.14 on 64-bit machines
 * (Objects/obmalloc.c); of another version nothing is read.
 *
 * With the GIL, which is what guards the heap.
 */
#ifndef EPMALLOC_PYTHON_PYMALLOC_H
#define EPMALLOC_PYTHON_PYMALLOC_H

#include <Python.h>

/* A heap map (maps.h) of pymalloc's pools; pools that never held a block are left out.  RuntimeError when nobody noted the arenas
 * (start.c) or the layout is not known. */
PyObject *ep__pymalloc_map(PyObject *module, PyObject *unused)
    __attribute__((visibility("hidden")));

/* A list of (start, bytes) of pymalloc's arenas, by address. */
PyObject *ep__pymalloc_arenas(PyObject *module, PyObject *unused)
    __attribute__((visibility("hidden")));

#endif
