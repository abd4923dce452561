/* What must hold of a thread's deferrals, and how tests bring grace periods to their end. */
#ifndef TESTS_UNIT_DEFERRALS_H
#define TESTS_UNIT_DEFERRALS_H

#include "cache/deferred.h"
#include "cache/section.h"
#include "unit/caches.h"

static inline uint64_t count_of_own(enum ep__count count)
{
    return ep__load_relaxed(&ep__tls.cache->grace.counts[count]);
}

/* Invariants 1 and 3 of deferred.h, for the calling thread. */
static inline void check_deferrals(void)
{
    const struct cache *cache = ep__tls.cache;
    uint64_t bytes = 0;
    for (unsigned kind = 0; kind < EP__DEFERRED_KINDS; kind++) {
        const struct deferrals *list = &cache->deferred[kind];
        const struct chunk *last = NULL;
        uint64_t left = 0;
        for (const struct chunk *chunk = list->first; chunk != NULL; chunk = chunk->next) {
            assert_true(chunk->left >= 1 && chunk->left <= chunk->count);
            assert_true(last == NULL || last->goal <= chunk->goal);
            left += chunk->left;
            bytes += chunk->bytes;
            last = chunk;
        }
        assert_ptr_equal(list->last, last);
        if (list->open != NULL) {
            assert_int_equal(list->open->left, list->open->count);
            left += list->open->left;
            bytes += list->open->bytes;
        }
        assert_int_equal(count_of_own((enum ep__count)kind), left);
    }
    assert_int_equal(count_of_own(EP__WAITING_BYTES), bytes);
}

/* Open chunks do not grow old, however long the test takes. */
static inline void stop_time(void)
{
    for (unsigned kind = 0; kind < EP__DEFERRED_KINDS; kind++)
        if (ep__tls.cache->deferred[kind].open != NULL)
            ep__tls.cache->deferred[kind].open->opened_ms = UINT64_MAX / 2;
}

/* The open chunk of a kind has grown old. */
static inline void let_time_pass(enum ep__deferred_kind kind)
{
    ep__tls.cache->deferred[kind].open->opened_ms = 0;
}

static inline void defer_free(void *p)
{
    assert_int_equal(ep__deferred_free(p, false), 0);
    stop_time();
}

/* Blocks of a class that the program holds, deferred ones included. */
static inline size_t blocks_in_use(void)
{
    return check_account().blocks_in_use;
}

#endif
