/* Blocks on their way between the victim and the burster (burst.h): two rings, each with one writer and one
 * reader, so that neither needs a lock. */
#include "freeze/burst.h"

enum { PLACES = 4096 };

struct ring {
    alignas(64) _Atomic(uint32_t) put;
    alignas(64) _Atomic(uint32_t) taken;
    void *blocks[PLACES];
};

static struct ring rings[2];

bool freeze_ring_put(enum freeze_way_round way, void *p)
{
    struct ring *ring = &rings[way];
    /* order: relaxed -- own value */
    uint32_t put = ep__load_relaxed(&ring->put);
    /* order: acquire -- pairs with freeze_ring_take: the place may be written again */
    if (p == NULL || put - ep__load_acquire(&ring->taken) == PLACES)
        return false;
    ring->blocks[put % PLACES] = p;
    /* order: release -- pairs with freeze_ring_take; carries the place */
    ep__store_release(&ring->put, put + 1);
    return true;
}

void *freeze_ring_take(enum freeze_way_round way)
{
    struct ring *ring = &rings[way];
    /* order: relaxed -- own value */
    uint32_t taken = ep__load_relaxed(&ring->taken);
    /* order: acquire -- pairs with freeze_ring_put; carries the place and the block */
    if (taken == ep__load_acquire(&ring->put))
        return NULL;
    void *p = ring->blocks[taken % PLACES];
    /* order: release -- pairs with freeze_ring_put */
    ep__store_release(&ring->taken, taken + 1);
    return p;
}
