/* pymalloc's arenas, as the preloaded start noted them.
 *
 * Written by start.c, read by pymalloc.c of the extension module, which finds it by dlsym().
 */
#ifndef EPMALLOC_PYTHON_ARENAS_H
#define EPMALLOC_PYTHON_ARENAS_H

#include <stddef.h>

struct rows;

struct pymalloc_arena {
    char *start;
    size_t bytes;
};

/* Rows of struct pymalloc_arena, in no order.  With the GIL. */
const struct rows *ep__python_arenas(void) __attribute__((visibility("default")));

#endif
