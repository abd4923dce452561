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

/* Bit i stands for id i + RESERVED_IDS, so that the bitmap starts as zero and costs no page until it is used. */
static _Atomic(uint64_t) taken[IDS / 64];
static _Atomic(struct cache *) chunks[CHUNKS];
static _Atomic(uint32_t) count; /* ids taken */

bool ep__ids_take(uint32_t *id)
{
    for (uint32_t i = 0; i < IDS / 64; i++) {
        /* The last bits would stand for ids of more than 18 bits. */
        uint64_t never = i == IDS / 64 - 1 ? ~UINT64_C(0) << (64 - RESERVED_IDS) : 0;
        /* order: relaxed -- only chooses; the fetch_or decides */
        uint64_t word = ep__load_relaxed(&taken[i]) | never;
        while (~word != 0) {
            uint64_t bit = ~word & (word + 1);
            /* order: acq_rel IDS -- acquires from ep__ids_give_back: no map entry bears the id any more */
            word = ep__fetch_or_acq_rel(&taken[i], bit);
            if ((word & bit) == 0) {
                /* order: relaxed -- a number for statistics and policies */
                ep__fetch_add_relaxed(&count, 1);
                *id = i * 64 + ep__bits_lowest(bit) + RESERVED_IDS;
                return true;
            }
            word |= bit | never;
        }
    }
    return false;
}

void ep__ids_give_back(uint32_t id)
{
    uint32_t i = id - RESERVED_IDS;
    /* order: relaxed -- see ep__ids_take */
    ep__fetch_sub_relaxed(&count, 1);
    /* order: release IDS -- pairs with ep__ids_take; carries the emptied control block and the overwritten map
     * entries: released earlier, a new thread would take the old one's lists for its own */
    ep__fetch_and_release(&taken[i / 64], ~((uint64_t)1 << i % 64));
}

struct cache *ep__ids_block(uint32_t id)
{
    uint32_t i = id - RESERVED_IDS;
    _Atomic(struct cache *) *link = &chunks[i / CHUNK_BLOCKS];
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
    return &chunk[i % CHUNK_BLOCKS];
}

/* The first used control block of a chunk from *i on; its place in *i. */
static struct cache *next_in_chunk(struct cache *chunk, uint32_t *i)
{
    for (; *i < CHUNK_BLOCKS; ++*i) {
        /* order: relaxed -- statistics; a birth that is missed here has just taken place */
        if (ep__load_relaxed(&chunk[*i].births) != 0)
            return &chunk[*i];
    }
    return NULL;
}

struct cache *ep__ids_next_block(uint32_t *id)
{
    uint32_t i = *id < RESERVED_IDS ? 0 : *id - RESERVED_IDS;
    for (; i < IDS; i = (i / CHUNK_BLOCKS + 1) * CHUNK_BLOCKS) {
        /* order: acquire CTL -- pairs with ep__ids_block; a fresh mapping reads as zero */
        struct cache *chunk = ep__load_acquire(&chunks[i / CHUNK_BLOCKS]);
        uint32_t place = i % CHUNK_BLOCKS;
        struct cache *cache = chunk == NULL ? NULL : next_in_chunk(chunk, &place);
        if (cache != NULL) {
            *id = i / CHUNK_BLOCKS * CHUNK_BLOCKS + place + RESERVED_IDS;
            return cache;
        }
    }
    return NULL;
}

bool ep__ids_is_taken(uint32_t id)
{
    uint32_t i = id - RESERVED_IDS;
    /* order: relaxed -- statistics */
    return ep__load_relaxed(&taken[i / 64]) >> i % 64 & 1U;
}

uint32_t ep__ids_count(void)
{
    /* order: relaxed -- statistics and policies */
    return ep__load_relaxed(&count);
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
