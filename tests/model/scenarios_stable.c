/* Type-stable caches: slabs that fill, empty, are claimed, and whose memory waits for sections.
 *
 * A cache has two slabs of two words.  The first is the reserve; in it live one or two blocks, or none; of the second one.  So
 * who frees the second's block gives the first's memory back, if all its blocks are free.
 */
#include "cache/deferred.h"
#include "cache/section.h"
#include "cache/stable.h"
#include "cache/thread.h"
#include "scenarios.h"
#include "slots.h"
#include "threads_model.h"

enum { THREADS = 2, BYTES = 768 /* 85 blocks a slab */, LIVE_MAX = 200 };

static struct ep_cache *cache;
static struct slab *first, *second;
static void *low, *high, *other; /* of the first slab, its second word, and the second slab */
static _Atomic(uint64_t *) shared;
static _Atomic(int64_t) live; /* blocks with the threads */

static void born(void)
{
    keep_everything();
    (void)ep__option_set(EP__OPTION_BATCH_BYTES, 0);
    (void)make_arena(40);
    threads_have_locals();
    for (unsigned i = 0; i < THREADS; i++) {
        threads_act_as(i);
        (void)ep__thread_cache();
    }
    ep__chunk_give_back(ep__chunk_take());
    cache = ep__stable_create(BYTES, 0, true, NULL);
    if (cache == NULL || cache->shape.words != 2)
        model_break("no cache of two words");
}

/* All blocks of the slabs; `other` is the first of the second. */
static void fill(void **blocks)
{
    for (uint32_t i = 0; i < cache->shape.blocks; i++)
        blocks[i] = ep__stable_alloc(cache);
    other = ep__stable_alloc(cache);
    first = ep__load_relaxed(&cache->slabs[0]);
    second = ep__load_relaxed(&cache->slabs[1]);
    name_object(first->bits, 2 * sizeof *first->bits, SHAPE_NUMBER, "first");
    name_object(second->bits, 2 * sizeof *second->bits, SHAPE_NUMBER, "second");
    name_object(&cache->hints[0], sizeof cache->hints[0], SHAPE_NUMBER, "hints");
    name_object(&cache->reserve, sizeof cache->reserve, SHAPE_NUMBER, "reserve");
}

/* The first slab is wholly free, and the reserve. */
static void first_is_reserve(void)
{
    void *blocks[LIVE_MAX];
    born();
    fill(blocks);
    for (uint32_t i = 0; i < cache->shape.blocks; i++)
        ep__stable_free(cache, blocks[i]);
    ep__store_relaxed(&live, 1);
    threads_act_as(THREADS_MAX);
}

static void take_of_first(void **block, uint32_t word)
{
    *block = ep__slab_take(first, &word);
    ep__store_relaxed(&live, ep__load_relaxed(&live) + 1);
}

/* One block of it is in use and published. */
static void first_has_one(void)
{
    first_is_reserve();
    take_of_first(&low, 0);
    uint64_t *words = low;
    words[0] = 77;
    words[1] = 77;
    ep__store_relaxed(&shared, words);
}

/* One block of each word of the second slab is in use, and the first is free. */
static void second_has_two(void)
{
    first_is_reserve();
    uint32_t word = 1;
    high = ep__slab_take(second, &word);
    if (word != 1)
        model_break("the second word is full");
    ep__store_relaxed(&live, 2);
}

/* All blocks of both slabs are in use; hints lead to both, as after others have taken what they led to. */
static void first_is_full(void)
{
    void *blocks[LIVE_MAX];
    born();
    fill(blocks);
    low = blocks[0];
    high = blocks[64];
    for (uint32_t i = 1; i < cache->shape.blocks; i++)
        (void)ep__stable_alloc(cache);
    ep__store_relaxed(&cache->hints[0], 3);
    ep__store_relaxed(&live, 2 * (int64_t)cache->shape.blocks);
    threads_act_as(THREADS_MAX);
}

static void give(void *block)
{
    model_doing("free");
    (void)ep__fetch_sub_relaxed(&live, 1);
    ep__stable_free(cache, block);
}

static void *get(void)
{
    model_doing("allocate");
    void *block = ep__stable_alloc(cache);
    model_assert(block != NULL);
    (void)ep__fetch_add_relaxed(&live, 1);
    return block;
}

static void free_other(void)
{
    give(other);
}

static void free_low(void)
{
    give(low);
}

static void free_high(void)
{
    give(high);
}

static void take_one(void)
{
    (void)get();
}

/* From the first slab, whose memory may be about to go. */
static void take_and_free(void)
{
    model_doing("allocate in the first");
    uint32_t word = 1;
    void *block = ep__slab_take(first, &word);
    if (block == NULL)
        return;
    (void)ep__fetch_add_relaxed(&live, 1);
    give(block);
}

/* The first slab's memory is given back, and used for something else as soon as it can be had. */
static void unlink_and_reuse(void)
{
    model_doing("unlink and free");
    uint64_t *block = ep__exchange_acq_rel(&shared, NULL);
    give(block);
    give(other);
    model_doing("poll");
    (void)ep__deferred_poll(ep__tls.cache);
    model_doing("use memory again");
    char *run = ep__cache_aligned(cache->shape.slab_bytes, cache->shape.slab_bytes);
    model_assert(run != NULL);
    uint64_t *words = (uint64_t *)(void *)(run + ((const char *)block - (const char *)NULL) %
                                                     cache->shape.slab_bytes);
    words[0] = 1;
    words[1] = 2;
}

static void read_shared(void)
{
    model_doing("read in a section");
    ep__section_enter();
    uint64_t *words = ep__load_acquire(&shared);
    if (words != NULL)
        model_assert(words[0] == 77 && words[1] == 77);
    ep__section_exit();
}

/* --- at rest ------------------------------------------------------------------------------------ */

static unsigned taken_of(struct slab *slab)
{
    unsigned none = slab->shape->words * 64 - slab->shape->blocks;
    return ep__bits_count(ep__load_relaxed(&slab->bits[0])) +
           ep__bits_count(ep__load_relaxed(&slab->bits[1])) - none;
}

/* Invariants 1 to 3, and that no block is lost or with two. */
static void blocks_at_rest(void)
{
    unsigned with_program = 0, wholly_free = 0;
    for (uint32_t id = 0; id < ep__load_relaxed(&cache->used); id++) {
        struct slab *slab = ep__load_relaxed(&cache->slabs[id]);
        bool is_hinted = (ep__load_relaxed(&cache->hints[0]) >> id & 1) != 0;
        bool is_vacant = (ep__load_relaxed(&cache->vacant[0]) >> id & 1) != 0;
        model_assert(is_vacant == (slab->base == NULL));
        if (is_vacant) {
            model_assert(taken_of(slab) == slab->shape->blocks);
            continue;
        }
        with_program += taken_of(slab);
        wholly_free += taken_of(slab) == 0;
        model_assert(taken_of(slab) == slab->shape->blocks || is_hinted);
    }
    model_assert(with_program == ep__load_relaxed(&live));
    model_assert(wholly_free <= 1);
}

#define STABLE .begin = threads_begin, .at_rest = blocks_at_rest

const struct scenario scenarios_stable[] = {
    {"stable-read", "a slab's memory is given back and used while another reads a block of it",
     first_has_one, .threads = {unlink_and_reuse, read_shared}, .begin = threads_begin},
    {"stable-claim", "a slab is given back while another takes a block of it", first_is_reserve,
     .threads = {free_other, take_and_free}, STABLE},
    {"stable-last", "the last two blocks of a slab are freed", second_has_two,
     .threads = {free_other, free_high}, STABLE},
    {"stable-both", "the last blocks of both slabs are freed", first_has_one,
     .threads = {free_other, free_low}, STABLE},
    {"stable-hint", "one frees into full slabs, one allocates", first_is_full,
     .threads = {free_low, take_one}, STABLE},
    {"stable-hints", "two free into two words of a full slab, then one takes", first_is_full,
     .threads = {free_low, free_high}, STABLE},
    {.name = NULL},
};
