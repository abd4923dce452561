/* Own ranges.  The argument stands in own_ranges.h. */
#include "sys/own_ranges.h"

#include "sys/atomic.h"

enum { RANGES_MAX = 2048 };

struct range {
    _Atomic(uintptr_t) first; /* 0: not written yet */
    size_t bytes;             /* not the end, which may be the start of a block */
};

static struct range ranges[RANGES_MAX];
static _Atomic(uint32_t) count;

void ep__own_range_note(const void *start, size_t bytes)
{
    /* order: relaxed -- a place that nobody else gets */
    uint32_t i = ep__fetch_add_relaxed(&count, 1);
    if (i >= RANGES_MAX)
        return;
    ranges[i].bytes = bytes;
    /* order: release ORG -- pairs with ep__own_range_above; carries the length */
    ep__store_release(&ranges[i].first, (uintptr_t)start);
}

bool ep__own_range_above(uintptr_t address, uintptr_t *first, uintptr_t *limit)
{
    /* order: relaxed -- a range that is noted meanwhile may be missed */
    uint32_t noted = ep__load_relaxed(&count);
    bool is_found = false;
    for (uint32_t i = 0; i < noted && i < RANGES_MAX; i++) {
        /* order: acquire ORG -- pairs with ep__own_range_note */
        uintptr_t start = ep__load_acquire(&ranges[i].first);
        if (start == 0 || start + ranges[i].bytes <= address || (is_found && start >= *first))
            continue;
        *first = start;
        *limit = start + ranges[i].bytes;
        is_found = true;
    }
    return is_found;
}
