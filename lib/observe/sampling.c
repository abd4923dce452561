/* Sampling.  The argument stands in sampling.h. */
#include "observe/sampling.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>

#include "cache/refill.h"
#include "cache/reuse.h"
#include "cache/thread.h"
#include "cache/tracked.h"
#include "observe/draw.h"
#include "observe/otel_probes.h"
#include "observe/profile.h"
#include "observe/stack.h"
#include "observe/stack_table.h"
#include "sys/clock.h"
#include "sys/task.h"

enum { NEAR_BLOCKS = 16 };

static _Atomic(uint64_t) interval_bytes; /* 0: never started */
static _Atomic(uint64_t) session;        /* changes with each start; 0: never started */
static _Atomic(uint64_t) first_seed;

uint64_t ep__sampling_interval(void)
{
    /* order: relaxed -- written before WCH, and not changed */
    return ep__load_relaxed(&interval_bytes);
}

/* A thread's state, fit for this session and this thread. */
static struct sampler *sampler_of(struct cache *cache)
{
    struct sampler *sampler = &cache->sampler;
    /* order: relaxed -- WCH carries the session that the caller works for */
    uint64_t now = ep__load_relaxed(&session) << 32 | (uint32_t)ep__load_relaxed(&cache->births);
    if (ep__likely(sampler->session == now))
        return sampler;
    *sampler = (struct sampler){.session = now};
    /* order: relaxed -- as the session */
    sampler->random = ep__load_relaxed(&first_seed) + cache->tag * UINT64_C(0xd1342543de82ef95);
    sampler->random += now;
    sampler->big_bytes = ep__draw_bytes(&sampler->random, ep__sampling_interval());
    return sampler;
}

static void draw_point(struct sampler *sampler, unsigned class)
{
    sampler->points[class] =
        (struct point){.until = ep__draw_blocks(&sampler->random, ep__sampling_interval(),
                                                ep__size_classes[class].bytes),
                       .is_drawn = true};
}

/* Frees into the pool that is popped from, since its countdowns were started. */
static uint64_t count_frees(const struct pool *pool)
{
    uint64_t frees = 0;
    for (unsigned i = 0; i < ep__size_classes[pool->class].slots; i++)
        frees += pool->step - pool[i].countdown;
    return frees;
}

/* Takes off the point what was popped since it was set, when `left` blocks of the list are left. */
static void settle(struct cache *cache, struct sampler *sampler, unsigned class, uint64_t left)
{
    struct point *point = &sampler->points[class];
    const struct pool *pool = cache->bins[class].current;
    uint64_t had = point->given;
    if (point->pool != NULL && point->pool == pool) {
        if (pool->sink != &pool->list)
            had += count_frees(pool);
        uint64_t pops = had > left ? had - left : 0;
        point->until -= pops < point->until ? pops : point->until;
    } else if (point->pool != NULL || !point->is_drawn) {
        draw_point(sampler, class);
    }
    point->pool = NULL;
    point->given = 0;
}

/* Keeps what can be popped below the point. */
static void set(struct cache *cache, struct sampler *sampler, unsigned class)
{
    struct point *point = &sampler->points[class];
    struct pool *pool = cache->bins[class].current;
    struct block **head = ep__cache_head(cache, class);
    uint64_t blocks = ep__pool_count_chain(*head);
    uint64_t slots = ep__size_classes[class].slots;
    point->pool = pool;
    point->given = blocks < point->until ? blocks : point->until;
    if (point->until <= blocks + NEAR_BLOCKS * slots) {
        ep__refill_keep(cache, class, (uint32_t)point->given);
        return;
    }
    uint64_t step = (point->until - blocks) / slots;
    /* Not parked: what is counted must not grow by others' blocks (reuse.h). */
    ep__pool_wind(pool, head, step < EP__POOL_PARKED ? (uint32_t)step : EP__POOL_PARKED - 1);
}

static uint32_t keep_stack(const struct frame_record *anchor)
{
    uintptr_t frames[EP__STACK_FRAMES_MAX];
    return ep__stack_table_keep(frames, ep__stack_capture(frames, EP__STACK_FRAMES_MAX, anchor));
}

static struct sample sample_of(const struct tracked *tracked)
{
    return (struct sample){tracked->stack, tracked->thread, tracked->weight,
                           ep__sampling_interval()};
}

/* The record's weight is the block's size, which is what the sample's weight goes by. */
static void count_sample(const void *p, const struct tracking *tracking)
{
    struct sample sample = {tracking->stack, ep__task_number(), tracking->weight,
                            ep__sampling_interval()};
    ep__profile_add(&sample);
    ep__otel_probe_alloc(p, tracking->size, ep__profile_weight(&sample));
}

/* A sampled block; NULL: no memory. */
static void *take_sample(struct tracking *tracking, bool *is_zero)
{
    void *p = ep__tracked_alloc(tracking, is_zero);
    if (p != NULL)
        count_sample(p, tracking);
    return p;
}

/* Counts the bytes down; true: the point lies within them. */
static bool passes_big_point(struct sampler *sampler, uint64_t bytes)
{
    if (bytes <= sampler->big_bytes) {
        sampler->big_bytes -= bytes;
        return false;
    }
    sampler->big_bytes = ep__draw_bytes(&sampler->random, ep__sampling_interval());
    return true;
}

static unsigned class_of(size_t size, size_t alignment)
{
    size += size == 0;
    if (alignment <= 16)
        return size <= EP__CLASS_BYTES_MAX ? ep__size_class_of(size) : EP__CLASSES;
    return ep__size_class_aligned(size, alignment);
}

/* Whether the next allocation of a class is the sampled one. */
static bool is_at_point(struct cache *cache, struct sampler *sampler, unsigned class)
{
    struct point *point = &sampler->points[class];
    if (*ep__cache_head(cache, class) != NULL)
        return false;
    settle(cache, sampler, class, 0);
    if (point->until-- != 0)
        return false;
    draw_point(sampler, class);
    return true;
}

static EP__NOINLINE void *allocate(size_t size, size_t alignment, bool *is_zero)
{
    struct cache *cache = ep__thread_cache();
    *is_zero = false;
    if (cache == NULL || ep__stack_is_busy())
        return NULL;
    struct sampler *sampler = sampler_of(cache);
    unsigned class = class_of(size, alignment);
    uint64_t bytes = class < EP__CLASSES ? ep__size_classes[class].bytes : size;
    bool is_sampled =
        class < EP__CLASSES ? is_at_point(cache, sampler, class) : passes_big_point(sampler, bytes);
    if (!is_sampled)
        return NULL;
    struct tracking tracking = {.size = size,
                                .alignment = alignment,
                                .weight = bytes,
                                .stack = keep_stack(ep__stack_anchor())};
    return take_sample(&tracking, is_zero);
}

static void refilled(struct cache *cache, unsigned class)
{
    struct sampler *sampler = sampler_of(cache);
    if (!sampler->points[class].is_drawn)
        draw_point(sampler, class);
    set(cache, sampler, class);
}

/* The countdown of the pool that is popped from has ended. */
static void counted(struct cache *cache, unsigned class)
{
    struct sampler *sampler = sampler_of(cache);
    struct bin *bin = &cache->bins[class];
    /* Blocks of others' pools, from before the start, must not come to the pool's own list. */
    if (bin->has_reused) {
        ep__pool_wind(bin->current, bin->current->sink, EP__POOL_PARKED);
        return;
    }
    settle(cache, sampler, class, ep__pool_count_chain(*ep__cache_head(cache, class)));
    set(cache, sampler, class);
}

/* A run or huge block that realloc has resized where it stands is an allocation of its new size. */
static EP__NOINLINE void resized(void *p, size_t size)
{
    struct cache *cache = ep__thread_cache();
    if (cache == NULL || ep__stack_is_busy() || !passes_big_point(sampler_of(cache), size))
        return;
    struct tracking tracking = {
        .size = size, .alignment = 1, .weight = size, .stack = keep_stack(ep__stack_anchor())};
    if (ep__tracked_attach(p, &tracking))
        count_sample(p, &tracking);
}

void ep__sampling_freed(const struct tracked *tracked)
{
    /* Blocks that were tracked for another reason have no weight. */
    if (tracked->weight == 0 || ep__sampling_interval() == 0)
        return;
    struct sample sample = sample_of(tracked);
    uint64_t now = ep__clock_ns();
    ep__otel_probe_free(tracked->address);
    ep__profile_end(&sample, now > tracked->time_ns ? now - tracked->time_ns : 0);
}

static void *allocate_nothing(size_t size, size_t alignment, bool *is_zero)
{
    (void)size;
    (void)alignment;
    *is_zero = false;
    return NULL;
}

static const struct watch sampling = {.allocate = allocate,
                                      .refilled = refilled,
                                      .counted = counted,
                                      .resized = resized,
                                      .freed = ep__sampling_freed};
/* After the end: lists are mended where they are refilled. */
static const struct watch stopped = {.allocate = allocate_nothing, .freed = ep__sampling_freed};

bool ep__sampling_is_on(void)
{
    return ep__watch_get() == &sampling;
}

void ep__sampling_begin_here(void)
{
    struct cache *cache = ep__thread_cache();
    if (cache != NULL)
        ep__reuse_give_back(cache, true);
    for (unsigned class = 0; cache != NULL && class < EP__CLASSES; class ++) {
        if (cache->bins[class].current != NULL)
            counted(cache, class);
    }
}

/* Sets the interval, unless it is another already. */
static bool set_interval(uint64_t interval)
{
    uint64_t none = 0;
    /* order: relaxed -- WCH carries it.  ABA: written once */
    return ep__cas_strong_relaxed(&interval_bytes, &none, interval) || none == interval;
}

static uint64_t make_seed(void)
{
    uint64_t seed = 0;
    const void *random = (const void *)getauxval(AT_RANDOM);
    if (random != NULL)
        memcpy(&seed, random, sizeof seed);
    return seed ^ ep__clock_ns();
}

int ep__sampling_start(uint64_t interval, uint64_t seed)
{
    const struct watch *watch = ep__watch_get();
    if (watch == &sampling)
        return 0;
    if (watch != NULL && watch != &stopped)
        return EBUSY;
    if (!set_interval(interval))
        return EINVAL;
    /* order: relaxed -- WCH carries it */
    ep__store_relaxed(&first_seed, seed != 0 ? seed : make_seed());
    /* order: relaxed -- WCH carries it */
    ep__fetch_add_relaxed(&session, 1);
    ep__watch_set(&sampling);
    return 0;
}

void ep__sampling_stop(void)
{
    if (ep__sampling_is_on())
        ep__watch_set(&stopped);
}
