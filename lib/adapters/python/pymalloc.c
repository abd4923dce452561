/* pymalloc's heap.  The contract stands in pymalloc.h. */
#include "pymalloc.h"

#include <dlfcn.h>
#include <string.h>

#include "arenas.h"
#include "maps.h"
#include "rows.h"

enum { POOL_BYTES = 1 << 14, BLOCK_STEP = 16, CLASSES = 32, FIRST_MINOR = 10, LAST_MINOR = 14 };

/* struct pool_header of CPython. */
struct header {
    uint64_t count; /* of blocks in use */
    uintptr_t free_block;
    struct header *next, *previous;
    uint32_t arena_index;
    uint32_t size_index;
    uint32_t next_offset; /* where blocks begin that were never given out */
    uint32_t last_offset;
};

_Static_assert(sizeof(struct header) == 48, "a pool's header has 48 bytes");

/* The noted arenas; NULL with an exception. */
static const struct rows *find_arenas(void)
{
    unsigned long minor = (unsigned long)Py_Version >> 16 & 0xff;
    const struct rows *(*arenas)(void) =
        (const struct rows *(*)(void))dlsym(RTLD_DEFAULT, "ep__python_arenas");
    if (Py_Version >> 24 != 3 || minor < FIRST_MINOR || minor > LAST_MINOR) {
        PyErr_Format(PyExc_RuntimeError,
                     "the layout of pymalloc's pools in CPython 3.%lu is not known", minor);
        return NULL;
    }
    if (arenas == NULL) {
        PyErr_SetString(PyExc_RuntimeError,
                        "nobody noted pymalloc's arenas: start by python3 -m epmalloc inspect");
        return NULL;
    }
    return arenas();
}

/* Marks as free what the pool's list of free blocks holds; an address that cannot be in it ends that. */
static void unmark_list(struct map_row *row, uintptr_t block)
{
    for (uint32_t i = 0; block != 0 && i < row->blocks; i++) {
        uintptr_t offset = block - row->first_block;
        if (offset >= row->blocks * row->block_bytes || offset % row->block_bytes != 0)
            return;
        row->bits[offset / row->block_bytes / 8] &= (uint8_t) ~(1 << offset / row->block_bytes % 8);
        memcpy(&block, (const void *)block, sizeof block);
    }
}

static void read_blocks(struct map_row *row, const struct header *header)
{
    uint32_t given_out = (uint32_t)((header->next_offset - sizeof *header) / row->block_bytes);
    for (uint32_t i = 0; i < given_out && i < row->blocks; i++)
        ep__map_set(row, i);
    unmark_list(row, header->free_block);
}

static bool was_used(const struct header *header)
{
    return header->size_index < CLASSES && header->next_offset > sizeof *header;
}

static int add_pool(struct rows *rows, const struct pymalloc_arena *arena,
                    const struct header *header)
{
    struct map_row *row = ep__rows_add(rows);
    if (row == NULL)
        return 1;
    memset(row, 0, sizeof *row);
    row->arena = (uintptr_t)arena->start;
    row->start = (uintptr_t)header;
    row->bytes = POOL_BYTES;
    row->first_block = (uintptr_t)(header + 1);
    row->block_bytes = (header->size_index + 1) * BLOCK_STEP;
    row->blocks = (uint32_t)((POOL_BYTES - sizeof *header) / row->block_bytes);
    row->in_use = (uint32_t)header->count;
    if (row->in_use != 0)
        read_blocks(row, header);
    return 0;
}

static int add_pools(struct rows *rows, const struct pymalloc_arena *arena)
{
    char *pool =
        (char *)(((uintptr_t)arena->start + POOL_BYTES - 1) & ~(uintptr_t)(POOL_BYTES - 1));
    for (; pool + POOL_BYTES <= arena->start + arena->bytes; pool += POOL_BYTES) {
        const struct header *header = (const struct header *)(void *)pool;
        if (was_used(header) && add_pool(rows, arena, header) != 0)
            return 1;
    }
    return 0;
}

PyObject *ep__pymalloc_map(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    const struct rows *arenas = find_arenas();
    struct rows rows = {NULL, sizeof(struct map_row), 0, 0};
    int failed = 0;
    if (arenas == NULL)
        return NULL;
    for (size_t i = 0; i < arenas->count && !failed; i++)
        failed = add_pools(&rows, ep__rows_at(arenas, i));
    return ep__map_list(&rows, failed);
}

PyObject *ep__pymalloc_arenas(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    const struct rows *arenas = find_arenas();
    PyObject *list = arenas == NULL ? NULL : PyList_New(0);
    for (size_t i = 0; list != NULL && i < arenas->count; i++) {
        const struct pymalloc_arena *arena = ep__rows_at(arenas, i);
        PyObject *pair = Py_BuildValue("(Kn)", (unsigned long long)(uintptr_t)arena->start,
                                       (Py_ssize_t)arena->bytes);
        if (pair == NULL || PyList_Append(list, pair) != 0)
            Py_CLEAR(list);
        Py_XDECREF(pair);
    }
    if (list != NULL && PyList_Sort(list) != 0)
        Py_CLEAR(list);
    return list;
}
