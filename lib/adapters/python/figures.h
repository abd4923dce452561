/* The public structures as Python's named tuples.
 *
 * Which fields there are and what they are called comes from the public headers (fields.py writes fields.h).
 * All functions: with the GIL; NULL or -1 with an exception set on failure.
 */
#ifndef EPMALLOC_PYTHON_FIGURES_H
#define EPMALLOC_PYTHON_FIGURES_H

#include <Python.h>

/* Makes the types and puts them into the module. */
int ep__figures_init(PyObject *module) __attribute__((visibility("hidden")));

PyObject *ep__figures_stats(PyObject *module, PyObject *unused)
    __attribute__((visibility("hidden")));
PyObject *ep__figures_classes(PyObject *module, PyObject *unused)
    __attribute__((visibility("hidden")));
PyObject *ep__figures_threads(PyObject *module, PyObject *unused)
    __attribute__((visibility("hidden")));
PyObject *ep__figures_arenas(PyObject *module, PyObject *unused)
    __attribute__((visibility("hidden")));
PyObject *ep__figures_pools(PyObject *module, PyObject *unused)
    __attribute__((visibility("hidden")));

#endif
