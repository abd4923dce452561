/* Store buffers: stores that others do not see yet.
 *
 * In delayed mode a store to a shared object waits in its thread's buffer.  The explorer lets it into memory at a
 * step of its own, at any time later: a relaxed store when no earlier one to the same object waits, a release
 * store when nothing earlier waits.  The thread itself reads what it has stored.  A sequentially consistent
 * store, a full fence and a read-modify-write that releases let everything in first; any other
 * read-modify-write what waits for the same object.
 */
#ifndef TESTS_MODEL_BUFFERS_H
#define TESTS_MODEL_BUFFERS_H

#include "memory.h"

enum { BUFFER_MAX = 8 };

struct waiting {
    const struct model_site *site;
    void *object;
    uint64_t value;
    struct clock clock;
};

void buffers_begin(void);
unsigned buffers_count(unsigned thread);
void buffers_put(unsigned thread, struct waiting waiting);

/* Whether the i-th store that waits may be let into memory now. */
bool buffers_may_leave(unsigned thread, unsigned i);
struct waiting buffers_take(unsigned thread, unsigned i);

/* The last value that the thread has stored to an object and that waits; false: none does. */
bool buffers_find(unsigned thread, const void *object, uint64_t *value);

/* The first that waits for an object (NULL: for any), or BUFFER_MAX. */
unsigned buffers_first(unsigned thread, const void *object);

uint64_t buffers_hash(void);

#endif
