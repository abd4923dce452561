/* Deferred frees and calls.  The argument stands in deferred.h. */
#include "cache/deferred.h"

#include <errno.h>

#include "arena/huge.h"
#include "cache/due.h"
#include "cache/fork.h"
#include "cache/lookup.h"
#include "cache/place.h"
#include "cache/thread.h"
#include "cache/tracked.h"
#include "pool/run.h"
#include "sys/clock.h"
#include "sys/options.h"
#include "sys/report.h"

enum {
    STEP_BLOCKS = 32,             /* freed by one step */
    STEP_EVERY = STEP_BLOCKS / 2, /* deferrals a step: twice as many go as come */
    BACKLOG_FACTOR = 4,           /* more by one that finds a second chunk due */
    STEP_CALLS = 2,               /* run by one ep_defer */
    RECLAIM_BLOCKS = 1024,        /* freed before a new arena is made */
    LOOKS = 16, /* steps of malloc's slow path from one look at the sections to the next */
};

static _Atomic(struct chunk *) orphans[EP__DEFERRED_KINDS];

/* Indexed by EP__WAITING_BLOCKS, EP__WAITING_CALLS, EP__WAITING_BYTES. */
static _Atomic(uint64_t) orphan_counts[EP__WAITING_BYTES + 1];

static void append(struct cache *cache, enum ep__deferred_kind kind, struct chunk *chunk)
{
    struct deferrals *list = &cache->deferred[kind];
    chunk->next = NULL;
    if (list->last != NULL)
        list->last->next = chunk;
    else
        list->first = chunk;
    list->last = chunk;
    if (list->first == chunk)
        ep__due_note_oldest(cache);
}

static bool is_old(const struct chunk *chunk)
{
    return ep__clock_ms() >= chunk->opened_ms + EP__CHUNK_MS;
}

static void close_open(struct cache *cache, enum ep__deferred_kind kind)
{
    struct chunk *chunk = cache->deferred[kind].open;
    if (chunk == NULL)
        return;
    cache->deferred[kind].open = NULL;
    chunk->goal = ep__grace_begin();
    append(cache, kind, chunk);
}

/* Counts a chunk as the thread's, or as none of its (sign -1). */
static void count_chunk(struct cache *cache, enum ep__deferred_kind kind, const struct chunk *chunk,
                        uint64_t sign)
{
    ep__grace_count(&cache->grace, (enum ep__count)kind, sign * chunk->left);
    ep__grace_count(&cache->grace, EP__WAITING_BYTES, sign * chunk->bytes);
    /* order: relaxed -- statistics and a bound */
    ep__fetch_sub_relaxed(&orphan_counts[kind], sign * chunk->left);
    /* order: relaxed -- see above */
    ep__fetch_sub_relaxed(&orphan_counts[EP__WAITING_BYTES], sign * chunk->bytes);
}

/* Files the chunks that others have left behind as the thread's own, with one new goal. */
static void take_orphans(struct cache *cache, enum ep__deferred_kind kind)
{
    /* order: relaxed -- only saves the exchange when there is nothing; a later poll sees it */
    if (ep__load_relaxed(&orphans[kind]) == NULL)
        return;
    /* order: acquire DFO -- pairs with push_orphans; carries the chunks and what was unlinked */
    struct chunk *chunk = ep__exchange_acquire(&orphans[kind], NULL);
    uint64_t goal = ep__grace_begin();
    while (chunk != NULL) {
        struct chunk *next = chunk->next;
        chunk->goal = goal;
        count_chunk(cache, kind, chunk, 1);
        append(cache, kind, chunk);
        chunk = next;
    }
}

/* Pushes a chain first..last. */
static void push_orphans(enum ep__deferred_kind kind, struct chunk *first, struct chunk *last)
{
    /* order: relaxed -- the old head is only linked to, never looked into */
    struct chunk *head = ep__load_relaxed(&orphans[kind]);
    do {
        last->next = head;
        /* order: release DFO -- pairs with take_orphans; carries the chain.  ABA: the stack is taken whole */
    } while (!ep__cas_weak_release(&orphans[kind], &head, first));
}

/* What stands in the stack is the truth; who took it or pushed it, and is gone, may have been about to count. */
static void recount(enum ep__deferred_kind kind, uint64_t *bytes)
{
    uint64_t left = 0;
    struct chunk *last = NULL;
    /* order: acquire DFO -- pairs with push_orphans; carries the chunks */
    struct chunk *first = ep__exchange_acquire(&orphans[kind], NULL);
    for (struct chunk *chunk = first; chunk != NULL; chunk = chunk->next) {
        left += chunk->left;
        *bytes += chunk->bytes;
        last = chunk;
    }
    /* order: relaxed -- statistics and a bound */
    ep__store_relaxed(&orphan_counts[kind], left);
    if (first != NULL)
        push_orphans(kind, first, last);
}

void ep__deferred_recount(void)
{
    uint64_t bytes = 0;
    recount(EP__DEFERRED_BLOCKS, &bytes);
    recount(EP__DEFERRED_CALLS, &bytes);
    /* order: relaxed -- statistics and a bound */
    ep__store_relaxed(&orphan_counts[EP__WAITING_BYTES], bytes);
}

static void hand_over(struct cache *cache, enum ep__deferred_kind kind)
{
    struct deferrals *list = &cache->deferred[kind];
    close_open(cache, kind);
    struct chunk *first = list->first;
    if (first == NULL)
        return;
    for (const struct chunk *chunk = first; chunk != NULL; chunk = chunk->next)
        count_chunk(cache, kind, chunk, (uint64_t)0 - 1);
    list->first = NULL;
    push_orphans(kind, first, list->last);
    list->last = NULL;
}

void ep__deferred_hand_over(struct cache *cache)
{
    hand_over(cache, EP__DEFERRED_BLOCKS);
    hand_over(cache, EP__DEFERRED_CALLS);
    ep__due_note_oldest(cache);
}

uint64_t ep__deferred_orphans(enum ep__count count)
{
    /* order: relaxed -- statistics and a bound */
    uint64_t left = ep__load_relaxed(&orphan_counts[count]);
    /* Who counts beside a recount can make it fall below zero. */
    return left > INT64_MAX ? 0 : left;
}

void ep__deferred_sum_up(struct grace_sum *sum)
{
    ep__grace_sum_up(ep__fork_look(ep__tls.cache), sum);
    for (unsigned i = 0; i <= EP__WAITING_BYTES; i++)
        sum->counts[i] += ep__deferred_orphans((enum ep__count)i);
}

/* Looks at all sections; says whether the bytes that wait have reached the bound. */
static bool poll_bound(struct cache *cache)
{
    uint64_t bytes = ep__grace_poll(ep__fork_look(cache));
    return bytes + ep__deferred_orphans(EP__WAITING_BYTES) >=
           ep__option_get(EP__OPTION_DEFERRED_BYTES);
}

/* Replaces the open chunk.  0, or the number of an error. */
static int open_chunk(struct cache *cache, enum ep__deferred_kind kind, bool may_exceed)
{
    close_open(cache, kind);
    take_orphans(cache, kind);
    bool is_full = poll_bound(cache);
    uint32_t freed = ep__due_free(cache, is_full ? RECLAIM_BLOCKS : STEP_BLOCKS);
    if (is_full && !may_exceed && (freed == 0 || poll_bound(cache))) {
        ep__grace_count(&cache->grace, EP__REFUSED, 1);
        return EAGAIN;
    }
    struct chunk *chunk = ep__chunk_take();
    if (chunk == NULL)
        return ENOMEM;
    chunk->opened_ms = ep__clock_ms();
    cache->deferred[kind].open = chunk;
    return 0;
}

/* Where a block is filed; false: no block of ours starts there. */
static bool find_place(const void *p, struct place *place)
{
    if (ep__likely(ep__place_of_block(p, place)))
        return true;
    struct found found = ep__lookup(p);
    place->bucket = ep__place_bucket(found.pool);
    bool may_be_tracked = found.what == EP__FOUND_TRACKED || ep__tracked_has_big();
    if (ep__unlikely(may_be_tracked) && ep__cache_owns(p)) {
        place->bytes = ep__cache_usable_size(p);
        return true;
    }
    switch (found.what) {
    case EP__FOUND_BLOCK:
        place->bytes = ep__size_classes[found.class].bytes;
        return true;
    case EP__FOUND_RUN:
        place->bytes = ep__run_bytes(found.pool);
        return true;
    case EP__FOUND_NOTHING:
        place->bytes = ep__huge_bytes(p);
        return place->bytes != 0;
    case EP__FOUND_FREE:
        ep__report_corruption("deferred free after a free, or into an empty pool, of", p);
    case EP__FOUND_TRACKED:
    case EP__FOUND_MISALIGNED:
        ep__report_corruption("deferred free of a pointer that does not start a block:", p);
    }
    return false;
}

static void file_block(struct chunk *chunk, void *p, struct place place)
{
    unsigned i = chunk->count++;
    chunk->blocks[i] = p;
    chunk->links[i] = chunk->heads[place.bucket];
    chunk->heads[place.bucket] = (uint16_t)(i + 1);
    chunk->left++;
    chunk->bytes += place.bytes;
}

/* Leaves a chunk that a thread without a control block has made for one deferral. */
static void leave_single(struct chunk *chunk, enum ep__deferred_kind kind)
{
    chunk->opened_ms = ep__clock_ms();
    /* order: relaxed -- statistics and a bound */
    ep__fetch_add_relaxed(&orphan_counts[kind], 1);
    /* order: relaxed -- see above */
    ep__fetch_add_relaxed(&orphan_counts[EP__WAITING_BYTES], chunk->bytes);
    push_orphans(kind, chunk, chunk);
}

static int leave_block(void *p, struct place place)
{
    struct chunk *chunk = ep__chunk_take();
    if (chunk == NULL)
        return ENOMEM;
    file_block(chunk, p, place);
    leave_single(chunk, EP__DEFERRED_BLOCKS);
    return 0;
}

/* Frees a portion of what is due; more of it where there is a backlog, as after a section that was long. */
static uint32_t free_portion(struct cache *cache)
{
    const struct chunk *first = cache->deferred[EP__DEFERRED_BLOCKS].first;
    bool has_backlog = first != NULL && first->next != NULL && ep__grace_is_over(first->next->goal);
    return ep__due_free(cache, has_backlog ? STEP_BLOCKS * BACKLOG_FACTOR : STEP_BLOCKS);
}

/* What a deferral does on the way: the open chunk is looked at, and some of what is due freed. */
static void work_off(struct cache *cache, const struct chunk *chunk)
{
    bool has_aged = is_old(chunk);
    if (chunk->bytes >= EP__CHUNK_FREE_BYTES || has_aged)
        close_open(cache, EP__DEFERRED_BLOCKS);
    if (has_aged)
        (void)ep__grace_poll(ep__fork_look(cache));
    (void)free_portion(cache);
}

int ep__deferred_free(void *p, bool may_exceed)
{
    struct place place;
    if (!find_place(p, &place))
        return EINVAL;
    struct cache *cache = ep__thread_cache();
    if (ep__unlikely(cache == NULL))
        return leave_block(p, place);
    struct deferrals *list = &cache->deferred[EP__DEFERRED_BLOCKS];
    if (ep__unlikely(list->open == NULL || list->open->count == EP__CHUNK_BLOCKS)) {
        int error = open_chunk(cache, EP__DEFERRED_BLOCKS, may_exceed);
        if (error != 0)
            return error;
    }
    struct chunk *chunk = list->open;
    file_block(chunk, p, place);
    ep__grace_count(&cache->grace, EP__WAITING_BLOCKS, 1);
    ep__grace_count(&cache->grace, EP__WAITING_BYTES, place.bytes);
    if (ep__unlikely(chunk->count % STEP_EVERY == 0 || chunk->bytes >= EP__CHUNK_FREE_BYTES))
        work_off(cache, chunk);
    return 0;
}

static void file_call(struct chunk *chunk, struct call call)
{
    chunk->calls[chunk->count++] = call;
    chunk->left++;
    chunk->bytes += sizeof call;
}

static int leave_call(struct call call)
{
    struct chunk *chunk = ep__chunk_take();
    if (chunk == NULL)
        return ENOMEM;
    file_call(chunk, call);
    leave_single(chunk, EP__DEFERRED_CALLS);
    return 0;
}

int ep__deferred_call(struct call call, bool may_exceed)
{
    struct cache *cache = ep__thread_cache();
    if (cache == NULL)
        return leave_call(call);
    struct deferrals *list = &cache->deferred[EP__DEFERRED_CALLS];
    if (list->open == NULL || list->open->count == EP__CHUNK_CALLS || is_old(list->open)) {
        int error = open_chunk(cache, EP__DEFERRED_CALLS, may_exceed);
        if (error != 0)
            return error;
    }
    file_call(list->open, call);
    ep__grace_count(&cache->grace, EP__WAITING_CALLS, 1);
    ep__grace_count(&cache->grace, EP__WAITING_BYTES, sizeof call);
    ep__due_call(cache, STEP_CALLS);
    return 0;
}

EP__COLD void ep__deferred_step_slow(struct cache *cache)
{
    if (free_portion(cache) != 0 || ++cache->deferred_looks % LOOKS != 0)
        return;
    const struct chunk *open = cache->deferred[EP__DEFERRED_BLOCKS].open;
    if (open != NULL && is_old(open))
        close_open(cache, EP__DEFERRED_BLOCKS);
    (void)ep__grace_poll(ep__fork_look(cache));
}

bool ep__deferred_reclaim(struct cache *cache)
{
    close_open(cache, EP__DEFERRED_BLOCKS);
    take_orphans(cache, EP__DEFERRED_BLOCKS);
    if (cache->deferred[EP__DEFERRED_BLOCKS].first == NULL)
        return false;
    (void)ep__grace_poll(ep__fork_look(cache));
    return ep__due_free(cache, RECLAIM_BLOCKS) != 0;
}

size_t ep__deferred_poll(struct cache *cache)
{
    for (unsigned kind = 0; kind < EP__DEFERRED_KINDS; kind++) {
        close_open(cache, (enum ep__deferred_kind)kind);
        take_orphans(cache, (enum ep__deferred_kind)kind);
    }
    (void)ep__grace_poll(ep__fork_look(cache));
    (void)ep__due_free(cache, UINT32_MAX);
    ep__due_call(cache, UINT32_MAX);
    const _Atomic(uint64_t) *counts = cache->grace.counts;
    /* order: relaxed -- the owner's own counts */
    return (size_t)(ep__load_relaxed(&counts[EP__WAITING_BLOCKS]) +
                    ep__load_relaxed(&counts[EP__WAITING_CALLS]));
}

bool ep__deferred_waits(const struct cache *cache, uint64_t goal)
{
    for (unsigned kind = 0; kind < EP__DEFERRED_KINDS; kind++) {
        const struct chunk *first = cache->deferred[kind].first;
        if (first != NULL && first->goal <= goal)
            return true;
    }
    return false;
}
