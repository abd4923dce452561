/* Slabs.  The argument stands in slab.h. */
#include "cache/slab.h"

enum {
    SLAB_BYTES_MIN = 1 << 16,
    SLAB_BYTES_MAX = 1 << 20,
    SLAB_BLOCKS_MIN = 4,
    BLOCK_UNIT = 16,
};

void ep__slab_shape(struct slab_shape *shape, size_t size, size_t alignment)
{
    size_t unit = alignment < BLOCK_UNIT ? BLOCK_UNIT : alignment;
    size_t block = ep__round_up(size == 0 ? 1 : size, unit);
    size_t first = block % EP__CACHE_LINE_BYTES == 0 && unit < EP__CACHE_LINE_BYTES
                       ? EP__CACHE_LINE_BYTES
                       : unit;
    size_t bytes = SLAB_BYTES_MIN;
    while (bytes < SLAB_BYTES_MAX && (bytes - first) / block < SLAB_BLOCKS_MIN)
        bytes *= 2;
    shape->block_bytes = (uint32_t)block;
    shape->first_bytes = (uint32_t)first;
    shape->slab_bytes = (uint32_t)bytes;
    shape->blocks = (uint32_t)((bytes - first) / block);
    shape->words = (shape->blocks + EP__SLAB_WORD_BLOCKS - 1) / EP__SLAB_WORD_BLOCKS;
}

/* A word of `taken` when all its blocks are free: the bits that stand for no block. */
static uint64_t free_word(const struct slab_shape *shape, uint32_t word)
{
    uint32_t blocks = shape->blocks - word * EP__SLAB_WORD_BLOCKS;
    return blocks >= EP__SLAB_WORD_BLOCKS ? 0 : UINT64_MAX << blocks;
}

void ep__slab_init(struct slab *slab, const struct slab_shape *shape, uint32_t id)
{
    slab->base = NULL;
    slab->shape = shape;
    slab->id = id;
    for (uint32_t i = 0; i < shape->words; i++) {
        /* order: relaxed -- nobody knows the descriptor yet */
        ep__store_relaxed(&slab->bits[i], UINT64_MAX);
    }
}

void ep__slab_reopen(struct slab *slab)
{
    const struct slab_shape *shape = slab->shape;
    for (uint32_t i = 0; i < shape->words; i++) {
        /* order: release STB -- pairs with take_bit; carries the base.  The bits are the caller's */
        ep__fetch_and_release(&slab->bits[i], free_word(shape, i));
    }
}

void *ep__slab_open(struct slab *slab, void *memory)
{
    const struct slab_shape *shape = slab->shape;
    slab->base = memory;
    ((struct slab_back *)memory)->id = slab->id;
    for (uint32_t i = 0; i < shape->words; i++) {
        /* order: relaxed -- the bits given back below carry it */
        ep__store_relaxed(&slab->bits[shape->words + i], 0);
    }
    uint32_t word = 0;
    ep__slab_reopen(slab);
    return ep__slab_take(slab, &word);
}

/* Takes a bit of a word: its number, or EP__SLAB_WORD_BLOCKS where none is free. */
static unsigned take_bit(_Atomic(uint64_t) *bits)
{
    /* order: relaxed -- only chooses; the fetch_or decides */
    uint64_t taken = ep__load_relaxed(bits);
    while (~taken != 0) {
        uint64_t bit = ~taken & (taken + 1);
        /* order: acq_rel STB -- acquires from who gave the bit back: its accesses to the block, and the slab's base;
         * releases what it has acquired to who finds the word free or claims it */
        taken = ep__fetch_or_acq_rel(bits, bit);
        if ((taken & bit) == 0)
            return ep__bits_lowest(bit);
        taken |= bit;
    }
    return EP__SLAB_WORD_BLOCKS;
}

/* Constructs a block that has not been yet. */
static void build(struct slab *slab, uint32_t index, void *block)
{
    const struct slab_shape *shape = slab->shape;
    _Atomic(uint64_t) *built = &slab->bits[shape->words + index / EP__SLAB_WORD_BLOCKS];
    uint64_t bit = (uint64_t)1 << index % EP__SLAB_WORD_BLOCKS;
    /* order: relaxed -- the bit is written by who holds the block, and STB has handed that on */
    if ((ep__load_relaxed(built) & bit) != 0)
        return;
    shape->construct(block);
    /* order: relaxed -- see above */
    ep__fetch_or_relaxed(built, bit);
}

void *ep__slab_take(struct slab *slab, uint32_t *word)
{
    const struct slab_shape *shape = slab->shape;
    for (uint32_t i = 0; i < shape->words; i++) {
        uint32_t at = (*word + i) % shape->words;
        unsigned bit = take_bit(&slab->bits[at]);
        if (bit == EP__SLAB_WORD_BLOCKS)
            continue;
        *word = at;
        uint32_t index = at * EP__SLAB_WORD_BLOCKS + bit;
        void *block = slab->base + shape->first_bytes + (size_t)index * shape->block_bytes;
        if (shape->construct != NULL)
            build(slab, index, block);
        return block;
    }
    return NULL;
}

bool ep__slab_give(struct slab *slab, const void *block, struct slab_given *given)
{
    const struct slab_shape *shape = slab->shape;
    uint32_t offset = (uint32_t)((const char *)block - slab->base) - shape->first_bytes;
    uint32_t index = offset / shape->block_bytes;
    if (index >= shape->blocks || index * shape->block_bytes != offset)
        return false;
    uint32_t word = index / EP__SLAB_WORD_BLOCKS;
    uint64_t bit = (uint64_t)1 << index % EP__SLAB_WORD_BLOCKS;
    /* order: acq_rel STB -- releases the block to take_bit and ep__slab_claim; acquires from who has looked whether the
     * word is free, with what it did before */
    uint64_t taken = ep__fetch_and_acq_rel(&slab->bits[word], ~bit);
    given->was_full = taken == UINT64_MAX;
    given->is_free = (taken & ~bit) == free_word(shape, word);
    return (taken & bit) != 0;
}

bool ep__slab_is_free(struct slab *slab)
{
    for (uint32_t i = 0; i < slab->shape->words; i++) {
        /* order: acq_rel STB -- comes before or after ep__slab_give in the word's order; releases what the caller did
         * before to who comes after */
        if (ep__fetch_or_acq_rel(&slab->bits[i], 0) != free_word(slab->shape, i))
            return false;
    }
    return true;
}

bool ep__slab_claim(struct slab *slab)
{
    const struct slab_shape *shape = slab->shape;
    for (uint32_t i = 0; i < shape->words; i++) {
        uint64_t taken = free_word(shape, i);
        /* order: acq_rel STB -- acquires what the blocks' holders did; passes on what was released by them.  ABA: bits
         * of a set */
        if (ep__cas_strong_acq_rel(&slab->bits[i], &taken, UINT64_MAX))
            continue;
        while (i-- != 0) {
            /* order: release STB -- as in ep__slab_reopen */
            ep__fetch_and_release(&slab->bits[i], free_word(shape, i));
        }
        return false;
    }
    return true;
}
