/* Type-stable caches.  The argument stands in stable.h. */
#include "cache/stable.h"

#include <errno.h>

#include "cache/deferred.h"
#include "cache/lookup.h"
#include "sys/report.h"
#include "sys/vm.h"

enum { PLACE_WORD_BITS = 8, LANE_STRIDE = 7 };

static size_t cache_bytes(void)
{
    return ep__round_up(sizeof(struct ep_cache), ep__vm_page_bytes());
}

struct ep_cache *ep__stable_create(size_t size, size_t alignment, bool is_stable,
                                   void (*construct)(void *block))
{
    struct ep_cache *cache = ep__vm_map(cache_bytes());
    if (cache == NULL)
        return NULL;
    ep__slab_shape(&cache->shape, size, alignment);
    cache->shape.construct = construct;
    cache->is_stable = is_stable;
    return cache;
}

static void hint(struct ep_cache *cache, uint32_t id)
{
    /* order: acq_rel STH -- pairs with correct_hint and find_hinted; carries the bits given back before */
    ep__fetch_or_acq_rel(&cache->hints[id / 64], (uint64_t)1 << id % 64);
}

static void make_vacant(struct ep_cache *cache, uint32_t id)
{
    /* order: release STV -- pairs with take_vacant; carries the descriptor */
    ep__fetch_or_release(&cache->vacant[id / 64], (uint64_t)1 << id % 64);
}

static struct slab *slab_at(struct ep_cache *cache, uint32_t id)
{
    /* order: acquire STD -- pairs with make_descriptor; carries the descriptor's constants */
    return ep__load_acquire(&cache->slabs[id]);
}

/* The words of `hints` and `vacant` that are in use. */
static uint32_t words_used(struct ep_cache *cache)
{
    /* order: relaxed -- who makes a slab that is not seen yet takes from it itself */
    return (ep__load_relaxed(&cache->used) + 63) / 64;
}

/* --- from claimed to vacant ---------------------------------------------------------------------- */

/* Lets go of the memory of a claimed slab.  0, or the number of an error: the slab is still claimed. */
static int let_go(struct ep_cache *cache, struct slab *slab, bool may_exceed)
{
    if (!cache->is_stable)
        ep__cache_free(slab->base);
    else {
        int error = ep__deferred_free(slab->base, may_exceed);
        if (error != 0)
            return error;
    }
    slab->base = NULL;
    make_vacant(cache, slab->id);
    return 0;
}

/* Gives the memory of a slab back, if it is wholly free. */
static void retire_slab(struct ep_cache *cache, struct slab *slab)
{
    while (ep__slab_is_free(slab)) {
        if (ep__slab_claim(slab)) {
            if (let_go(cache, slab, false) == 0)
                return;
            ep__slab_reopen(slab);
            hint(cache, slab->id);
            return;
        }
        hint(cache, slab->id);
    }
}

/* A word of the slab has become wholly free. */
static void note_free(struct ep_cache *cache, struct slab *slab)
{
    /* order: relaxed -- who replaces the reserve looks whether it is free after that; STB: it has seen the caller's
     * bit given back, or the caller sees the replacement */
    if (ep__load_relaxed(&cache->reserve) == slab->id + 1 || !ep__slab_is_free(slab))
        return;
    /* order: acq_rel STR -- carries the descriptor to who replaces it.  ABA: any slab may be the reserve */
    uint32_t before = ep__exchange_acq_rel(&cache->reserve, slab->id + 1);
    if (before != 0 && before != slab->id + 1)
        retire_slab(cache, slab_at(cache, before - 1));
}

/* --- from vacant to open ------------------------------------------------------------------------- */

/* The id of a vacant slab, or one that never was; false: there are too many. */
static bool take_vacant(struct ep_cache *cache, uint32_t *id)
{
    for (uint32_t i = 0; i < words_used(cache); i++) {
        /* order: relaxed -- only chooses; the fetch_and decides */
        uint64_t word = ep__load_relaxed(&cache->vacant[i]);
        while (word != 0) {
            uint64_t bit = word & -word;
            /* order: acquire STV -- pairs with make_vacant; carries the descriptor */
            word = ep__fetch_and_acquire(&cache->vacant[i], ~bit);
            if ((word & bit) != 0) {
                *id = i * 64 + ep__bits_lowest(bit);
                return true;
            }
        }
    }
    /* order: relaxed -- a number */
    *id = ep__load_relaxed(&cache->used);
    while (*id < EP__STABLE_SLABS) {
        /* order: relaxed -- a number.  ABA: it only grows */
        if (ep__cas_weak_relaxed(&cache->used, id, *id + 1))
            return true;
    }
    return false;
}

/* The descriptor of an id that is the caller's; NULL: no memory. */
static struct slab *make_descriptor(struct ep_cache *cache, uint32_t id)
{
    struct slab *slab = slab_at(cache, id);
    if (slab != NULL)
        return slab;
    slab = ep__cache_aligned(EP__CACHE_LINE_BYTES, ep__slab_descriptor_bytes(&cache->shape));
    if (slab == NULL)
        return NULL;
    ep__slab_init(slab, &cache->shape, id);
    /* order: release STD -- pairs with slab_at; carries the descriptor */
    ep__store_release(&cache->slabs[id], slab);
    return slab;
}

/* A block of a new slab, whose id and word are the lane's; NULL: no memory. */
static void *open_slab(struct ep_cache *cache, uint32_t *place)
{
    uint32_t id;
    if (!take_vacant(cache, &id)) {
        errno = ENOMEM;
        return NULL;
    }
    struct slab *slab = make_descriptor(cache, id);
    void *memory = NULL;
    if (slab != NULL)
        memory = ep__cache_aligned(cache->shape.slab_bytes, cache->shape.slab_bytes);
    if (memory == NULL) {
        make_vacant(cache, id);
        return NULL;
    }
    void *block = ep__slab_open(slab, memory);
    hint(cache, id);
    *place = id << PLACE_WORD_BITS;
    return block;
}

/* --- allocation ---------------------------------------------------------------------------------- */

/* A block of a slab, and where it was; NULL: none was free. */
static void *take_at(struct ep_cache *cache, uint32_t id, uint32_t *place)
{
    uint32_t word = *place & ((1U << PLACE_WORD_BITS) - 1);
    void *block = ep__slab_take(slab_at(cache, id), &word);
    *place = id << PLACE_WORD_BITS | word;
    return block;
}

/* Clears the hint of a slab that had nothing, and looks again. */
static void *correct_hint(struct ep_cache *cache, uint32_t id, uint32_t *place)
{
    /* order: acq_rel STH -- pairs with hint: bits given back before the hint was set are seen by the second look; for
     * what comes later the hint is set anew */
    ep__fetch_and_acq_rel(&cache->hints[id / 64], ~((uint64_t)1 << id % 64));
    void *block = take_at(cache, id, place);
    if (block != NULL)
        hint(cache, id);
    return block;
}

/* A block of one of the hinted slabs of a word, looked for from a bit on. */
static void *take_hinted(struct ep_cache *cache, uint32_t i, unsigned from, uint32_t *place)
{
    /* order: acquire STH -- pairs with hint */
    uint64_t word = ep__load_acquire(&cache->hints[i]);
    word = word >> from | word << (64 - from) % 64;
    for (; word != 0; word &= word - 1) {
        uint32_t id = i * 64 + (ep__bits_lowest(word) + from) % 64;
        void *block = take_at(cache, id, place);
        if (block == NULL)
            block = correct_hint(cache, id, place);
        if (block != NULL)
            return block;
    }
    return NULL;
}

static void *alloc_slow(struct ep_cache *cache, unsigned lane)
{
    uint32_t place = lane; /* threads begin at different words of a slab */
    void *block = NULL;
    for (uint32_t i = 0; i < words_used(cache) && block == NULL; i++)
        block = take_hinted(cache, i, lane * LANE_STRIDE % 64, &place);
    if (block == NULL)
        block = open_slab(cache, &place);
    /* order: relaxed -- a place to look; the id is one below `used`, and slab_at acquires */
    ep__store_relaxed(&cache->lanes[lane].place, place);
    return block;
}

void *ep__stable_alloc(struct ep_cache *cache)
{
    unsigned lane = ep__tls.tag % EP__STABLE_LANES;
    /* order: relaxed -- as in alloc_slow */
    uint32_t place = ep__load_relaxed(&cache->lanes[lane].place);
    uint32_t before = place;
    if (ep__unlikely(slab_at(cache, place >> PLACE_WORD_BITS) == NULL))
        return alloc_slow(cache, lane);
    void *block = take_at(cache, place >> PLACE_WORD_BITS, &place);
    if (ep__unlikely(block == NULL))
        return alloc_slow(cache, lane);
    if (place != before) {
        /* order: relaxed -- as in alloc_slow */
        ep__store_relaxed(&cache->lanes[lane].place, place);
    }
    return block;
}

/* --- free ---------------------------------------------------------------------------------------- */

/* The slab that a block is in; NULL: it is in none of the cache's. */
static struct slab *find_slab_of(struct ep_cache *cache, const void *block)
{
    const char *base = (const char *)block - (uintptr_t)block % cache->shape.slab_bytes;
    if (ep__unlikely(ep__lookup(base).what != EP__FOUND_RUN))
        return NULL;
    uint32_t id = ((const struct slab_back *)(const void *)base)->id;
    struct slab *slab = id < EP__STABLE_SLABS ? slab_at(cache, id) : NULL;
    return slab != NULL && slab->base == base ? slab : NULL;
}

void ep__stable_free(struct ep_cache *cache, void *block)
{
    struct slab_given given;
    struct slab *slab = find_slab_of(cache, block);
    if (ep__unlikely(slab == NULL))
        ep__report_corruption("ep_cache_free() of what is no block of the cache:", block);
    if (ep__unlikely(!ep__slab_give(slab, block, &given)))
        ep__report_corruption("ep_cache_free() of a block that is free, or into one, at", block);
    if (given.was_full)
        hint(cache, slab->id);
    if (given.is_free)
        note_free(cache, slab);
}

/* --- the end ------------------------------------------------------------------------------------- */

/* Claims all slabs that have memory; false: one has a block in use, and none is claimed. */
static bool claim_all(struct ep_cache *cache, uint32_t count)
{
    for (uint32_t id = 0; id < count; id++) {
        struct slab *slab = slab_at(cache, id);
        if (slab == NULL || slab->base == NULL || ep__slab_claim(slab))
            continue;
        while (id-- != 0) {
            slab = slab_at(cache, id);
            if (slab != NULL && slab->base != NULL)
                ep__slab_reopen(slab);
        }
        return false;
    }
    return true;
}

int ep__stable_destroy(struct ep_cache *cache)
{
    /* order: relaxed -- the caller is alone with the cache */
    uint32_t count = ep__load_relaxed(&cache->used);
    int error = 0;
    if (!claim_all(cache, count))
        return EBUSY;
    for (uint32_t id = 0; id < count; id++) {
        struct slab *slab = slab_at(cache, id);
        if (slab == NULL || slab->base == NULL)
            continue;
        if (error == 0)
            error = let_go(cache, slab, true);
        if (error != 0)
            ep__slab_reopen(slab);
    }
    if (error != 0)
        return error;
    for (uint32_t id = 0; id < count; id++)
        ep__cache_free(slab_at(cache, id));
    (void)ep__vm_unmap(cache, cache_bytes());
    return 0;
}
