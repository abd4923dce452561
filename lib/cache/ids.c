/* Owner ids and control blocks.  The argument stands in thread.h. */
#include "cache/ids.h"

#include "cache/thread.h"
#include "sys/vm.h"

enum {
    IDS = 1 << EP__IDS_LOG2,
    CHUNK_BLOCKS = 64,
    CHUNKS = IDS / CHUNK_BLOCKS,
    /* The map entries that are not threads. */
    RESERVED_IDS = 2,
};

static _Atomic(uint64_t) taken[IDS / 64] = {(1U << RESERVED_IDS) - 1};
static _Atomic(struct cache *) chunks[CHUNKS];

bool ep__ids_take(uint32_t *id)
{
    for (uint32_t i = 0; i < IDS / 64; i++) {
        /* order: relaxed -- only chooses; the fetch_or decides */
        uint64_t word = ep__load_relaxed(&taken[i]);
        while (~word != 0) {
            uint64_t bit = ~word & (word + 1);
            /* order: acq_rel IDS -- acquires from ep__ids_give_back: no map entry bears the id any more */
            word = ep__fetch_or_acq_rel(&taken[i], bit);
            if ((word & bit) == 0) {
                *id = i * 64 + ep__bits_lowest(bit);
                return true;
            }
            word |= bit;
        }
    }
    return false;
}

void ep__ids_give_back(uint32_t id)
{
    /* order: release IDS -- pairs with ep__ids_take; carries the emptied control block and the overwritten map
     * entries: released earlier, a new thread would take the old one's lists for its own */
    ep__fetch_and_release(&taken[id / 64], ~((uint64_t)1 << id % 64));
}

struct cache *ep__ids_block(uint32_t id)
{
    _Atomic(struct cache *) *link = &chunks[id / CHUNK_BLOCKS];
    size_t bytes = ep__round_up(CHUNK_BLOCKS * sizeof(struct cache), ep__vm_page_bytes());
    /* order: acquire CTL -- pairs with the publication below; a fresh mapping reads as zero */
    struct cache *chunk = ep__load_acquire(link);
    if (chunk == NULL) {
        struct cache *mapped = ep__vm_map(bytes);
        if (mapped == NULL)
            return NULL;
        /* order: acq_rel CTL -- pairs with the load above.  ABA: written once */
        if (ep__cas_strong_acq_rel(link, &chunk, mapped))
            chunk = mapped;
        else
            (void)ep__vm_unmap(mapped, bytes);
    }
    return &chunk[id % CHUNK_BLOCKS];
}

uint32_t ep__ids_count(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < IDS / 64; i++) {
        /* order: relaxed -- statistics */
        count += ep__bits_count(ep__load_relaxed(&taken[i]));
    }
    return count - RESERVED_IDS;
}

size_t ep__ids_block_bytes(void)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < CHUNKS; i++) {
        /* order: relaxed -- statistics */
        if (ep__load_relaxed(&chunks[i]) != NULL)
            bytes += ep__round_up(CHUNK_BLOCKS * sizeof(struct cache), ep__vm_page_bytes());
    }
    return bytes;
}
