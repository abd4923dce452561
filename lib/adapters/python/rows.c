/* Rows.  The contract stands in rows.h. */
#include "rows.h"

#include <sys/mman.h>

enum { FIRST_ROOM_BYTES = 1 << 16 };

static bool grow(struct rows *rows)
{
    size_t room = rows->room_bytes == 0 ? FIRST_ROOM_BYTES : rows->room_bytes * 2;
    void *memory =
        rows->memory == NULL
            ? mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            : mremap(rows->memory, rows->room_bytes, room, MREMAP_MAYMOVE);
    if (memory == MAP_FAILED)
        return false;
    rows->memory = memory;
    rows->room_bytes = room;
    return true;
}

void *ep__rows_add(struct rows *rows)
{
    if ((rows->count + 1) * rows->row_bytes > rows->room_bytes && !grow(rows))
        return NULL;
    return rows->memory + rows->count++ * rows->row_bytes;
}

void ep__rows_fini(struct rows *rows)
{
    if (rows->memory != NULL)
        (void)munmap(rows->memory, rows->room_bytes);
    *rows = (struct rows){NULL, rows->row_bytes, 0, 0};
}
