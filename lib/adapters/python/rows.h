/* Rows of equal size in memory of their own, so that a walk of a heap does not change it.
 *
 * One thread at a time.
 */
#ifndef EPMALLOC_PYTHON_ROWS_H
#define EPMALLOC_PYTHON_ROWS_H

#include <stdbool.h>
#include <stddef.h>

struct rows {
    char *memory; /* a mapping; NULL: none yet */
    size_t row_bytes;
    size_t count;
    size_t room_bytes;
};

/* Room for one row more, to be filled by the caller; NULL when there is no memory. */
void *ep__rows_add(struct rows *rows) __attribute__((visibility("hidden")));

void ep__rows_fini(struct rows *rows) __attribute__((visibility("hidden")));

static inline const void *ep__rows_at(const struct rows *rows, size_t i)
{
    return rows->memory + i * rows->row_bytes;
}

#endif
