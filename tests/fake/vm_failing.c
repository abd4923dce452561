/* A sys/vm that fails on request (vm_failing.h). */
#include "vm_failing.h"

#include <stdbool.h>
#include <stddef.h>

#include "sys/atomic.h"

static _Atomic(uint64_t) calls;
static _Atomic(uint64_t) first_failing;
static _Atomic(uint64_t) end_failing;
static _Atomic(uint64_t) scatter_seed;
static _Atomic(unsigned) scatter_share;
static _Atomic(const char *) last_failed = "none";

void vm_failing_plan(uint64_t first, uint64_t count)
{
    /* order: relaxed -- plans are made while nobody else calls */
    ep__store_relaxed(&first_failing, first);
    /* order: relaxed -- see above */
    ep__store_relaxed(&end_failing, count > UINT64_MAX - first ? UINT64_MAX : first + count);
    /* order: relaxed -- see above */
    ep__store_relaxed(&calls, 0);
}

void vm_failing_scatter(uint64_t seed, unsigned share)
{
    /* order: relaxed -- see vm_failing_plan() */
    ep__store_relaxed(&scatter_seed, seed);
    /* order: relaxed -- see vm_failing_plan() */
    ep__store_relaxed(&scatter_share, share);
}

uint64_t vm_failing_calls(void)
{
    /* order: relaxed -- a count */
    return ep__load_relaxed(&calls);
}

const char *vm_failing_last(void)
{
    /* order: relaxed -- only printed */
    return ep__load_relaxed(&last_failed);
}

/* Whether the call's number is among the scattered ones. */
static bool is_scattered(uint64_t number)
{
    /* order: relaxed -- see vm_failing_plan() */
    uint64_t mixed = (number ^ ep__load_relaxed(&scatter_seed)) * 0x9e3779b97f4a7c15U;
    mixed ^= mixed >> 29;
    /* order: relaxed -- see vm_failing_plan() */
    return (mixed * 0xbf58476d1ce4e5b9U) >> 56 < ep__load_relaxed(&scatter_share);
}

static bool fails(const char *name)
{
    /* order: relaxed -- a number that nobody else gets */
    uint64_t number = ep__fetch_add_relaxed(&calls, 1) + 1;
    /* order: relaxed -- see vm_failing_plan() */
    uint64_t first = ep__load_relaxed(&first_failing);
    /* order: relaxed -- see vm_failing_plan() */
    bool failing = first != 0 && number >= first && number < ep__load_relaxed(&end_failing);
    failing = failing || is_scattered(number);
    if (failing) {
        /* order: relaxed -- only printed */
        ep__store_relaxed(&last_failed, name);
    }
    return failing;
}

/* The linker sends calls of ep__vm_X to __wrap_ep__vm_X, and of __real_ep__vm_X to the real function. */
void *__wrap_ep__vm_reserve(size_t bytes);
void *__real_ep__vm_reserve(size_t bytes);
void *__wrap_ep__vm_map(size_t bytes);
void *__real_ep__vm_map(size_t bytes);
void *__wrap_ep__vm_map_sparse(size_t bytes);
void *__real_ep__vm_map_sparse(size_t bytes);
bool __wrap_ep__vm_unmap(void *start, size_t bytes);
bool __real_ep__vm_unmap(void *start, size_t bytes);
bool __wrap_ep__vm_allow_read(void *start, size_t bytes);
bool __real_ep__vm_allow_read(void *start, size_t bytes);
bool __wrap_ep__vm_commit(void *start, size_t bytes);
bool __real_ep__vm_commit(void *start, size_t bytes);
bool __wrap_ep__vm_decommit(void *start, size_t bytes);
bool __real_ep__vm_decommit(void *start, size_t bytes);
bool __wrap_ep__vm_purge(void *start, size_t bytes);
bool __real_ep__vm_purge(void *start, size_t bytes);
bool __wrap_ep__vm_resize(void *start, size_t bytes, size_t new_bytes);
bool __real_ep__vm_resize(void *start, size_t bytes, size_t new_bytes);
bool __wrap_ep__vm_move(void *start, size_t bytes, void *target, size_t new_bytes);
bool __real_ep__vm_move(void *start, size_t bytes, void *target, size_t new_bytes);
bool __wrap_ep__vm_wipe_on_fork(void *start, size_t bytes);
bool __real_ep__vm_wipe_on_fork(void *start, size_t bytes);

void *__wrap_ep__vm_reserve(size_t bytes)
{
    return fails("reserve") ? NULL : __real_ep__vm_reserve(bytes);
}

void *__wrap_ep__vm_map(size_t bytes)
{
    return fails("map") ? NULL : __real_ep__vm_map(bytes);
}

void *__wrap_ep__vm_map_sparse(size_t bytes)
{
    return fails("map_sparse") ? NULL : __real_ep__vm_map_sparse(bytes);
}

bool __wrap_ep__vm_unmap(void *start, size_t bytes)
{
    return !fails("unmap") && __real_ep__vm_unmap(start, bytes);
}

bool __wrap_ep__vm_allow_read(void *start, size_t bytes)
{
    return !fails("allow_read") && __real_ep__vm_allow_read(start, bytes);
}

bool __wrap_ep__vm_commit(void *start, size_t bytes)
{
    return !fails("commit") && __real_ep__vm_commit(start, bytes);
}

bool __wrap_ep__vm_decommit(void *start, size_t bytes)
{
    return !fails("decommit") && __real_ep__vm_decommit(start, bytes);
}

bool __wrap_ep__vm_purge(void *start, size_t bytes)
{
    return !fails("purge") && __real_ep__vm_purge(start, bytes);
}

bool __wrap_ep__vm_resize(void *start, size_t bytes, size_t new_bytes)
{
    return !fails("resize") && __real_ep__vm_resize(start, bytes, new_bytes);
}

bool __wrap_ep__vm_move(void *start, size_t bytes, void *target, size_t new_bytes)
{
    return !fails("move") && __real_ep__vm_move(start, bytes, target, new_bytes);
}

bool __wrap_ep__vm_wipe_on_fork(void *start, size_t bytes)
{
    return !fails("wipe_on_fork") && __real_ep__vm_wipe_on_fork(start, bytes);
}
