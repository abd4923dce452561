/* Named tuples.  The contract stands in figures.h. */
#include "figures.h"

#include <string.h>
#include <structseq.h>

#include "library.h"
#include "rows.h"

struct field {
    const char *name;
    const char *remark;
    size_t offset;
    const char *const *words; /* of an enumeration; NULL: a number or an address */
};

#include "fields.h"

enum { FIELDS_MAX = 128 };

struct figures {
    const char *name;
    const char *remark;
    const struct field *fields;
    PyTypeObject *type;
};

enum { STATS, CLASS, THREAD, ARENA, POOL, KINDS };

static struct figures kinds[KINDS] = {
    {"epmalloc.Stats", "Where every byte is and what has happened (struct ep_stats).", stats_fields,
     NULL},
    {"epmalloc.SizeClass", "One size class (struct ep_class).", class_fields, NULL},
    {"epmalloc.Thread", "One thread that has a control block (struct ep_thread).", thread_fields,
     NULL},
    {"epmalloc.Arena", "One arena in use (struct ep_arena).", arena_fields, NULL},
    {"epmalloc.Pool", "One pool, run or huge block (struct ep_pool).", pool_fields, NULL},
};

static int make_type(PyObject *module, struct figures *kind)
{
    static PyStructSequence_Field fields[FIELDS_MAX];
    int count = 0;
    for (; kind->fields[count].name != NULL; count++)
        fields[count] =
            (PyStructSequence_Field){kind->fields[count].name, kind->fields[count].remark};
    fields[count] = (PyStructSequence_Field){NULL, NULL};
    PyStructSequence_Desc description = {kind->name, kind->remark, fields, count};
    kind->type = PyStructSequence_NewType(&description);
    if (kind->type == NULL)
        return -1;
    return PyModule_AddObjectRef(module, strchr(kind->name, '.') + 1, (PyObject *)kind->type);
}

_Static_assert(sizeof stats_fields / sizeof *stats_fields <= FIELDS_MAX, "FIELDS_MAX is too small");

int ep__figures_init(PyObject *module)
{
    for (int i = 0; i < KINDS; i++)
        if (make_type(module, &kinds[i]) != 0)
            return -1;
    return 0;
}

static PyObject *make_value(const struct field *field, const char *structure)
{
    const void *place = structure + field->offset;
    if (field->words != NULL)
        return PyUnicode_FromString(field->words[*(const int *)place]);
    return PyLong_FromUnsignedLongLong(*(const uint64_t *)place);
}

static PyObject *make_tuple(const struct figures *kind, const void *structure)
{
    PyObject *tuple = PyStructSequence_New(kind->type);
    for (int i = 0; tuple != NULL && kind->fields[i].name != NULL; i++) {
        PyObject *value = make_value(&kind->fields[i], structure);
        if (value == NULL)
            Py_CLEAR(tuple);
        else
            PyStructSequence_SET_ITEM(tuple, i, value);
    }
    return tuple;
}

static PyObject *make_list(const struct figures *kind, struct rows *rows, int failed)
{
    PyObject *list = failed ? PyErr_NoMemory() : PyList_New((Py_ssize_t)rows->count);
    for (size_t i = 0; list != NULL && i < rows->count; i++) {
        PyObject *tuple = make_tuple(kind, ep__rows_at(rows, i));
        if (tuple == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, (Py_ssize_t)i, tuple);
    }
    ep__rows_fini(rows);
    return list;
}

static int add_row(struct rows *rows, const void *structure)
{
    void *row = ep__rows_add(rows);
    if (row == NULL)
        return 1;
    memcpy(row, structure, rows->row_bytes);
    return 0;
}

static int add_class(const struct ep_class *class, void *rows)
{
    return add_row(rows, class);
}

static int add_thread(const struct ep_thread *thread, void *rows)
{
    return add_row(rows, thread);
}

static int add_arena(const struct ep_arena *arena, void *rows)
{
    return add_row(rows, arena);
}

/* The arena's description is gone after the walk; its address is what is left of it. */
static int add_pool(const struct ep_pool *pool, void *rows)
{
    struct ep_pool copy = *pool;
    copy.arena = pool->arena == NULL ? NULL : pool->arena->start;
    return add_row(rows, &copy);
}

PyObject *ep__figures_stats(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    struct ep_stats stats;
    ep__library.stats(&stats, sizeof stats);
    return make_tuple(&kinds[STATS], &stats);
}

PyObject *ep__figures_classes(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    struct rows rows = {NULL, sizeof(struct ep_class), 0, 0};
    return make_list(&kinds[CLASS], &rows, ep__library.walk_classes(add_class, &rows));
}

PyObject *ep__figures_threads(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    struct rows rows = {NULL, sizeof(struct ep_thread), 0, 0};
    return make_list(&kinds[THREAD], &rows, ep__library.walk_threads(add_thread, &rows));
}

PyObject *ep__figures_arenas(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    struct rows rows = {NULL, sizeof(struct ep_arena), 0, 0};
    return make_list(&kinds[ARENA], &rows, ep__library.walk_arenas(add_arena, &rows));
}

PyObject *ep__figures_pools(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    struct rows rows = {NULL, sizeof(struct ep_pool), 0, 0};
    return make_list(&kinds[POOL], &rows, ep__library.walk_pools(add_pool, &rows));
}
