/* Store buffers.  The argument stands in buffers.h. */
#include "buffers.h"

#include <string.h>

#include "explore.h"

static struct waiting buffers[THREADS_MAX][BUFFER_MAX];
static unsigned counts[THREADS_MAX];

void buffers_begin(void)
{
    memset(counts, 0, sizeof counts);
}

unsigned buffers_count(unsigned thread)
{
    return counts[thread];
}

void buffers_put(unsigned thread, struct waiting waiting)
{
    if (counts[thread] == BUFFER_MAX)
        model_break("too many stores wait");
    buffers[thread][counts[thread]++] = waiting;
}

bool buffers_may_leave(unsigned thread, unsigned i)
{
    const struct waiting *all = buffers[thread];
    if (i > 0 && all[i].site->order != MODEL_RELAXED)
        return false;
    for (unsigned before = 0; before < i; before++)
        if (all[before].object == all[i].object)
            return false;
    return true;
}

struct waiting buffers_take(unsigned thread, unsigned i)
{
    struct waiting taken = buffers[thread][i];
    counts[thread]--;
    memmove(&buffers[thread][i], &buffers[thread][i + 1], (counts[thread] - i) * sizeof taken);
    return taken;
}

bool buffers_find(unsigned thread, const void *object, uint64_t *value)
{
    for (unsigned i = counts[thread]; i > 0; i--) {
        if (buffers[thread][i - 1].object != object)
            continue;
        *value = buffers[thread][i - 1].value;
        return true;
    }
    return false;
}

unsigned buffers_first(unsigned thread, const void *object)
{
    for (unsigned i = 0; i < counts[thread]; i++)
        if (object == NULL || buffers[thread][i].object == object)
            return i;
    return BUFFER_MAX;
}

uint64_t buffers_hash(void)
{
    uint64_t hash = 0;
    for (unsigned thread = 0; thread < THREADS_MAX; thread++)
        for (unsigned i = 0; i < counts[thread]; i++)
            hash = hash_mix(hash_mix(hash + thread, (uintptr_t)buffers[thread][i].object),
                            buffers[thread][i].value);
    return hash;
}
