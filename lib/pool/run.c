/* Runs.  The argument stands in run.h. */
#include "pool/run.h"

#include "pool/pool_events.h"
#include "sys/report.h"

static unsigned slots_for(size_t bytes)
{
    return bytes == 0 ? 1 : (unsigned)((bytes + EP__SLOT_BYTES - 1) >> EP__SLOT_LOG2);
}

static void write_kind(const struct pool *pool, unsigned i, uint8_t kind)
{
    /* order: relaxed -- whoever reads it for a block got the block from us, with an order */
    ep__store_relaxed(&pool->arena->kinds[pool->slot + i], kind);
}

static void store_slots(struct pool *pool, unsigned slots)
{
    /* order: relaxed -- read by the run's owner, and by walkers that check the word before and after */
    ep__store_relaxed(&pool->run_slots, slots);
}

void *ep__run_alloc(size_t bytes, size_t alignment, bool from_new_arena, bool *is_zero)
{
    struct slots got;
    unsigned align = alignment > EP__SLOT_BYTES ? (unsigned)(alignment >> EP__SLOT_LOG2) : 1;
    unsigned count = slots_for(bytes);
    if (!(from_new_arena ? ep__arena_create : ep__arena_acquire)(count, align, &got))
        return NULL;
    ep__arena_mark_touched(got.arena, got.first, (size_t)got.count << EP__SLOT_LOG2);
    struct pool *pool = ep__pool_describe(&got);
    pool->class = EP__CLASS_NONE;
    store_slots(pool, got.count);
    write_kind(pool, 0, EP__KIND_RUN);
    for (unsigned i = 1; i < got.count; i++)
        write_kind(pool, i, (uint8_t)(EP__KIND_INNER + i));
    uint64_t before = ep__pool_word(pool);
    uint64_t word = ep__word_make(EP__POOL_NO_HEAD, 0, EP__FULL, ep__word_generation(before) + 1);
    /* order: release OWN -- pairs with walkers that read the word before kind and length; nobody changes a FREE
     * word but its slots' holder */
    ep__store_release(&pool->word, word);
    ep__pool_events_tell_run(pool, EP__EVENT_RUN_ALLOCATED, got.count,
                             (struct change){before, word});
    *is_zero = got.is_zero;
    return pool->base;
}

void ep__run_free(struct pool *pool)
{
    uint64_t word = ep__pool_word(pool);
    uint64_t next = ep__word_make(EP__POOL_NO_HEAD, 0, EP__FREE, ep__word_generation(word) + 1);
    struct arena *arena = pool->arena;
    unsigned first = pool->slot;
    /* order: relaxed -- the length is the freer's, who owns the run */
    unsigned count = ep__load_relaxed(&pool->run_slots);
    /* order: acq_rel OWN -- one of several frees wins; SLT carries the rest on.  ABA: FULL of the same generation
     * is the same run */
    if (ep__word_state(word) != EP__FULL || !ep__cas_strong_acq_rel(&pool->word, &word, next))
        ep__report_corruption("double free of the run at", ep__arena_slot_start(arena, first));
    ep__pool_events_tell_run(pool, EP__EVENT_RUN_FREED, count, (struct change){word, next});
    ep__arena_release(arena, first, count);
}

static bool grow(struct pool *pool, unsigned have, unsigned want)
{
    if (pool->slot + want > EP__ARENA_SLOTS || want > EP__RUN_BYTES_MAX >> EP__SLOT_LOG2)
        return false;
    if (!ep__arena_acquire_at(pool->arena, pool->slot + have, want - have))
        return false;
    for (unsigned i = have; i < want; i++)
        write_kind(pool, i, (uint8_t)(EP__KIND_INNER + i));
    store_slots(pool, want);
    ep__pool_events_tell_size(pool, EP__EVENT_RUN_RESIZED, have, want);
    return true;
}

bool ep__run_resize(struct pool *pool, size_t bytes)
{
    /* order: relaxed -- the caller owns the run */
    unsigned have = ep__load_relaxed(&pool->run_slots);
    unsigned want = slots_for(bytes);
    if (want > have)
        return grow(pool, have, want);
    if (want < have) {
        store_slots(pool, want);
        ep__pool_events_tell_size(pool, EP__EVENT_RUN_RESIZED, have, want);
        ep__arena_release(pool->arena, pool->slot + want, have - want);
    }
    return true;
}
