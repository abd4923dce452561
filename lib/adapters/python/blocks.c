/* The blocks of a heap.  The contract stands in blocks.h. */
#include "blocks.h"

#include <structseq.h>

#include "library.h"
#include "rows.h"

/* Blocks are aligned to 16: the state fits into the address. */
struct row {
    uint64_t start_and_state;
    uint64_t bytes;
};

enum { STATE_MASK = 15 };

struct iterator {
    PyObject_HEAD struct rows rows;
    size_t next;
};

static PyTypeObject *block_type;
static PyTypeObject *iterator_type;

static int add_block(const struct ep_block *block, void *rows)
{
    struct row *row = ep__rows_add(rows);
    if (row == NULL)
        return 1;
    *row = (struct row){(uintptr_t)block->start | block->state, block->bytes};
    return 0;
}

PyObject *ep__blocks_walk(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    struct iterator *iterator = PyObject_New(struct iterator, iterator_type);
    if (iterator == NULL)
        return NULL;
    iterator->rows = (struct rows){NULL, sizeof(struct row), 0, 0};
    iterator->next = 0;
    if (ep__library.walk_blocks(add_block, &iterator->rows) == 0)
        return (PyObject *)iterator;
    Py_DECREF(iterator);
    return PyErr_NoMemory();
}

static PyObject *make_block(const struct row *row)
{
    static const char *const states[] = {"free", "in_use", "unknown"};
    PyObject *values[3] = {
        PyLong_FromUnsignedLongLong(row->start_and_state & ~(uint64_t)STATE_MASK),
        PyLong_FromUnsignedLongLong(row->bytes),
        PyUnicode_InternFromString(states[row->start_and_state & STATE_MASK])};
    PyObject *block = PyStructSequence_New(block_type);
    bool is_complete = block != NULL;
    for (int i = 0; i < 3; i++) {
        is_complete = is_complete && values[i] != NULL;
        if (block != NULL)
            PyStructSequence_SET_ITEM(block, i, values[i]);
        else
            Py_XDECREF(values[i]);
    }
    if (!is_complete)
        Py_CLEAR(block);
    return block;
}

static PyObject *iterate(PyObject *self)
{
    struct iterator *iterator = (struct iterator *)self;
    if (iterator->next == iterator->rows.count)
        return NULL;
    return make_block(ep__rows_at(&iterator->rows, iterator->next++));
}

static void dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    ep__rows_fini(&((struct iterator *)self)->rows);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyObject *length_hint(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct iterator *iterator = (struct iterator *)self;
    return PyLong_FromSize_t(iterator->rows.count - iterator->next);
}

static PyMethodDef methods[] = {
    {"__length_hint__", length_hint, METH_NOARGS, "How many blocks are left."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, iterate},
    {Py_tp_dealloc, dealloc},
    {Py_tp_methods, methods},
    {0, NULL},
};

static PyType_Spec specification = {
    .name = "epmalloc.Walk",
    .basicsize = sizeof(struct iterator),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

static PyStructSequence_Field block_fields[] = {
    {"start", "its address"},
    {"bytes", "how much of it may be used"},
    {"state", "free, in_use, or unknown: of a pool that another running thread owns"},
    {NULL, NULL},
};

static PyStructSequence_Desc block_description = {"epmalloc.Block", "One block (struct ep_block).",
                                                  block_fields, 3};

int ep__blocks_init(PyObject *module)
{
    block_type = PyStructSequence_NewType(&block_description);
    iterator_type = (PyTypeObject *)PyType_FromSpec(&specification);
    if (block_type == NULL || iterator_type == NULL)
        return -1;
    return PyModule_AddObjectRef(module, "Block", (PyObject *)block_type);
}
