/* Sections and deferred frees.  Contracts: include/epmalloc/epmalloc.h. */
#include <epmalloc/epmalloc.h>
#include <errno.h>
#include <string.h>

#include "cache/deferred.h"
#include "cache/section.h"
#include "cache/thread.h"
#include "sys/clock.h"
#include "sys/foreign.h"
#include "sys/options.h"
#include "sys/task.h"

/* What the program has asked to be asked. */
static _Atomic(bool (*)(const struct ep_epoch_stats *)) on_stall;

void ep_epoch_enter(void)
{
    ep__section_enter();
}

void ep_epoch_exit(void)
{
    ep__section_exit();
}

static void take_stats(struct ep_epoch_stats *stats)
{
    struct grace_sum sum;
    ep__deferred_sum_up(&sum);
    /* order: relaxed -- statistics */
    uint64_t now = ep__load_relaxed(&ep__grace_now);
    uint64_t now_ms = ep__clock_ms();
    bool waits = sum.waiting_since_ms != 0 && sum.waiting_since_ms < now_ms;
    *stats = (struct ep_epoch_stats){
        .waiting_blocks = sum.counts[EP__WAITING_BLOCKS],
        .waiting_calls = sum.counts[EP__WAITING_CALLS],
        .waiting_bytes = sum.counts[EP__WAITING_BYTES],
        .limit_bytes = ep__option_get(EP__OPTION_DEFERRED_BYTES),
        .waiting_ms = waits ? now_ms - sum.waiting_since_ms : 0,
        .freed_blocks = sum.counts[EP__FREED_BLOCKS],
        .finished_calls = sum.counts[EP__RUN_CALLS],
        .refused = sum.counts[EP__REFUSED],
        .grace_periods = now - EP__GRACE_FIRST,
        .open_sections = sum.sections,
        .oldest_thread = sum.oldest_thread,
        .oldest_periods = sum.oldest == 0 ? 0 : now - sum.oldest,
        .metadata_bytes = ep__chunk_metadata_bytes(),
    };
}

int ep_epoch_stats(struct ep_epoch_stats *stats, size_t size)
{
    if (stats == NULL || size == 0) {
        errno = EINVAL;
        return -1;
    }
    struct ep_epoch_stats taken;
    take_stats(&taken);
    memset(stats, 0, size);
    memcpy(stats, &taken, size < sizeof taken ? size : sizeof taken);
    return 0;
}

void ep_epoch_on_stall(bool (*function)(const struct ep_epoch_stats *stats))
{
    /* order: relaxed -- a function is there before the program begins */
    ep__store_relaxed(&on_stall, function);
}

/* Asks the program whether a deferral may exceed the bound. */
static bool may_exceed(int error)
{
    /* order: relaxed -- see ep_epoch_on_stall */
    bool (*function)(const struct ep_epoch_stats *) = ep__load_relaxed(&on_stall);
    if (error != EAGAIN || function == NULL)
        return false;
    struct ep_epoch_stats stats;
    take_stats(&stats);
    return function(&stats);
}

static int result_of(int error)
{
    if (error == 0)
        return 0;
    errno = error;
    return -1;
}

/* A deferral that has not been taken at once. */
EP__COLD static int defer_free_again(void *p, int error, const void *call_site)
{
    if (error == EINVAL) {
        ep__foreign_report("deferred free", p, call_site);
        return 0;
    }
    return result_of(may_exceed(error) ? ep__deferred_free(p, true) : error);
}

int ep_free_deferred(void *p)
{
    if (p == NULL)
        return 0;
    int error = ep__deferred_free(p, false);
    if (ep__likely(error == 0))
        return 0;
    return defer_free_again(p, error, __builtin_return_address(0));
}

int ep_defer(void (*function)(void *argument), void *argument)
{
    struct call call = {function, argument};
    int error = ep__deferred_call(call, false);
    return result_of(may_exceed(error) ? ep__deferred_call(call, true) : error);
}

size_t ep_epoch_poll(void)
{
    struct cache *cache = ep__thread_cache();
    return cache == NULL ? 0 : ep__deferred_poll(cache);
}

int ep_epoch_barrier(void)
{
    struct cache *cache = ep__thread_cache();
    if (ep__section_is_inside() || (cache != NULL && cache->is_calling))
        return result_of(EDEADLK);
    if (cache != NULL)
        (void)ep__deferred_poll(cache);
    uint64_t goal = ep__grace_begin();
    for (;;) {
        if (cache != NULL)
            (void)ep__deferred_poll(cache);
        else
            (void)ep__grace_poll(ep__fork_look(NULL));
        if (ep__grace_is_over(goal) && (cache == NULL || !ep__deferred_waits(cache, goal)))
            return 0;
        ep__task_pause();
    }
}
