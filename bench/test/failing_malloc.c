/*
 * failing_malloc: an allocator that ends the program after a while, for the test that this is a cell
 * in the table and not the end of the run.  A first malloc succeeds, so that it is not left
 * out beforehand.
 */
#include <stddef.h>
#include <stdlib.h>

enum { CALLS = 200, BYTES = 1 << 20 };

static _Alignas(16) char space[BYTES];
static size_t calls, used;

void *malloc(size_t size)
{
    void *p = space + used;

    if (++calls > CALLS || size > BYTES - used)
        abort();
    used += (size + 15) / 16 * 16;
    return p;
}

void free(void *p)
{
    (void)p;
}
