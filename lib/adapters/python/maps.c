/* Heap maps.  The contract stands in maps.h. */
#include "maps.h"

#include <string.h>

#include "library.h"

static PyObject *make_tuple(const struct map_row *row)
{
    PyObject *bits = PyBytes_FromStringAndSize((const char *)row->bits, (row->blocks + 7) / 8);
    if (bits == NULL)
        return NULL;
    return Py_BuildValue("(KKKKKIIN)", (unsigned long long)row->arena,
                         (unsigned long long)row->start, (unsigned long long)row->bytes,
                         (unsigned long long)row->first_block, (unsigned long long)row->block_bytes,
                         row->blocks, row->in_use, bits);
}

PyObject *ep__map_list(struct rows *rows, int failed)
{
    PyObject *list = failed ? PyErr_NoMemory() : PyList_New((Py_ssize_t)rows->count);
    for (size_t i = 0; list != NULL && i < rows->count; i++) {
        PyObject *tuple = make_tuple(ep__rows_at(rows, i));
        if (tuple == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, (Py_ssize_t)i, tuple);
    }
    ep__rows_fini(rows);
    return list;
}

static struct map_row *add_pool(struct rows *rows, const struct ep_pool *pool)
{
    struct map_row *row = ep__rows_add(rows);
    if (row == NULL)
        return NULL;
    memset(row, 0, sizeof *row);
    row->arena = pool->arena == NULL ? 0 : (uintptr_t)pool->arena->start;
    row->start = (uintptr_t)pool->start;
    row->bytes = pool->bytes;
    row->first_block = (uintptr_t)pool->first_block;
    row->block_bytes = pool->block_bytes;
    row->blocks = (uint32_t)pool->blocks;
    return row;
}

/* Blocks of a pool come one behind the other. */
static int add_block(const struct ep_block *block, void *argument)
{
    struct rows *rows = argument;
    struct map_row *row =
        rows->count == 0 ? NULL : (struct map_row *)(void *)(rows->memory) + rows->count - 1;
    if (row == NULL || row->start != (uintptr_t)block->pool->start)
        row = add_pool(rows, block->pool);
    if (row == NULL)
        return 1;
    if (block->state != EP_BLOCK_FREE) {
        ep__map_set(row,
                    (uint32_t)(((uintptr_t)block->start - row->first_block) / row->block_bytes));
        row->in_use++;
    }
    return 0;
}

PyObject *ep__map_own(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    struct rows rows = {NULL, sizeof(struct map_row), 0, 0};
    return ep__map_list(&rows, ep__library.walk_blocks(add_block, &rows));
}
