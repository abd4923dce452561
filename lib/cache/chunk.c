/* Chunks.  The argument stands in chunk.h. */
#include "cache/chunk.h"

#include "sys/atomic.h"
#include "sys/bits.h"
#include "sys/vm.h"

enum {
    SLAB_CHUNKS = 64,
    SLAB_BYTES = SLAB_CHUNKS * EP__CHUNK_BYTES,
    SLABS = 1 << 12,
    /* Chunks that keep their page. */
    RESIDENT_CHUNKS = 256,
};

static _Atomic(uint64_t) taken[SLABS];
static _Atomic(struct chunk *) slabs[SLABS];

/* The bit of a free chunk becomes the caller's; false: none is free. */
static bool take_id(uint32_t *id)
{
    for (uint32_t i = 0; i < SLABS; i++) {
        /* order: relaxed -- only chooses; the fetch_or decides */
        uint64_t word = ep__load_relaxed(&taken[i]);
        while (~word != 0) {
            uint64_t bit = ~word & (word + 1);
            /* order: acq_rel CHK -- acquires from ep__chunk_give_back: nobody looks at the chunk any more */
            word = ep__fetch_or_acq_rel(&taken[i], bit);
            if ((word & bit) == 0) {
                *id = i * SLAB_CHUNKS + ep__bits_lowest(bit);
                return true;
            }
            word |= bit;
        }
    }
    return false;
}

static void give_id(uint32_t id)
{
    /* order: release CHK -- pairs with take_id; carries the chunk */
    ep__fetch_and_release(&taken[id / SLAB_CHUNKS], ~((uint64_t)1 << id % SLAB_CHUNKS));
}

/* The slab, mapped where it is not yet; NULL: no memory. */
static struct chunk *find_slab(uint32_t i)
{
    /* order: acquire SLB -- pairs with the publication below; a fresh mapping reads as zero */
    struct chunk *slab = ep__load_acquire(&slabs[i]);
    if (slab != NULL)
        return slab;
    struct chunk *mapped = ep__vm_map(SLAB_BYTES);
    if (mapped == NULL)
        return NULL;
    /* order: acq_rel SLB -- pairs with the load above.  ABA: written once */
    if (ep__cas_strong_acq_rel(&slabs[i], &slab, mapped))
        return mapped;
    (void)ep__vm_unmap(mapped, SLAB_BYTES);
    return slab;
}

struct chunk *ep__chunk_take(void)
{
    uint32_t id;
    if (!take_id(&id))
        return NULL;
    struct chunk *slab = find_slab(id / SLAB_CHUNKS);
    if (slab == NULL) {
        give_id(id);
        return NULL;
    }
    struct chunk *chunk = &slab[id % SLAB_CHUNKS];
    chunk->next = NULL;
    chunk->bytes = 0;
    chunk->count = chunk->left = chunk->bucket = 0;
    chunk->id = id;
    for (unsigned i = 0; i < EP__CHUNK_BUCKETS; i++)
        chunk->heads[i] = 0;
    return chunk;
}

void ep__chunk_give_back(struct chunk *chunk)
{
    uint32_t id = chunk->id;
    if (id >= RESIDENT_CHUNKS && ep__vm_page_bytes() == EP__CHUNK_BYTES)
        (void)ep__vm_purge(chunk, EP__CHUNK_BYTES);
    give_id(id);
}

size_t ep__chunk_metadata_bytes(void)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < SLABS; i++) {
        /* order: relaxed -- statistics */
        if (ep__load_relaxed(&slabs[i]) != NULL)
            bytes += SLAB_BYTES;
    }
    return bytes;
}
