/* Iterating over the blocks of a heap: what epmalloc.walk() returns.
 *
 * The walk is over before the first block is handed out; what it saw is kept in 16 bytes a block outside the heap.
 */
#ifndef EPMALLOC_PYTHON_BLOCKS_H
#define EPMALLOC_PYTHON_BLOCKS_H

#include <Python.h>

/* Makes the type of the iterator and of what it yields, Block, and puts that into the module. */
int ep__blocks_init(PyObject *module) __attribute__((visibility("hidden")));

PyObject *ep__blocks_walk(PyObject *module, PyObject *unused) __attribute__((visibility("hidden")));

#endif
