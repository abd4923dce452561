/* Deferred frees that are broken on purpose, in front of the real ones (the linker's --wrap): STRESS_FAULT is one of
 *
 *   none      as it should be
 *   sections  every third section is none
 *   early     every hundredth block is freed at once
 *   called    every thousandth call is made at once
 *   lost      every ten-thousandth deferral is dropped
 *   unbounded  what exceeds the bound is deferred all the same
 *   untyped   caches are not type-stable
 */
#include <stdlib.h>
#include <string.h>

#include "epmalloc/epmalloc.h"
#include "sys/atomic.h"

void __real_ep_epoch_enter(void);
void __real_ep_epoch_exit(void);
int __real_ep_free_deferred(void *p);
int __real_ep_defer(void (*function)(void *argument), void *argument);
void __wrap_ep_epoch_enter(void);
void __wrap_ep_epoch_exit(void);
int __wrap_ep_free_deferred(void *p);
int __wrap_ep_defer(void (*function)(void *argument), void *argument);

struct ep_cache *__real_ep_cache_create(size_t size, size_t align, unsigned flags,
                                        void (*construct)(void *block));
struct ep_cache *__wrap_ep_cache_create(size_t size, size_t align, unsigned flags,
                                        void (*construct)(void *block));

static _Atomic(uint64_t) deferrals;
static _Thread_local unsigned depth, sections;

/* Whether it is this fault's turn. */
static bool is_turn(const char *fault, unsigned every)
{
    const char *wanted = getenv("STRESS_FAULT");
    if (wanted == NULL || strcmp(wanted, fault) != 0)
        return false;
    /* order: relaxed -- a number by itself */
    return ep__fetch_add_relaxed(&deferrals, 1) % every == every - 1;
}

void __wrap_ep_epoch_enter(void)
{
    const char *wanted = getenv("STRESS_FAULT");
    bool is_faulty = wanted != NULL && strcmp(wanted, "sections") == 0;
    if (depth++ == 0)
        sections++;
    if (!is_faulty || sections % 3 != 0)
        __real_ep_epoch_enter();
}

void __wrap_ep_epoch_exit(void)
{
    const char *wanted = getenv("STRESS_FAULT");
    bool is_faulty = wanted != NULL && strcmp(wanted, "sections") == 0;
    if (!is_faulty || sections % 3 != 0)
        __real_ep_epoch_exit();
    depth--;
}

static bool exceed(const struct ep_epoch_stats *stats)
{
    (void)stats;
    return true;
}

int __wrap_ep_free_deferred(void *p)
{
    const char *wanted = getenv("STRESS_FAULT");
    if (wanted != NULL && strcmp(wanted, "unbounded") == 0)
        ep_epoch_on_stall(exceed);
    if (is_turn("lost", 10000))
        return 0;
    if (!is_turn("early", 100))
        return __real_ep_free_deferred(p);
    ep_free(p);
    return 0;
}

int __wrap_ep_defer(void (*function)(void *argument), void *argument)
{
    if (!is_turn("called", 1000))
        return __real_ep_defer(function, argument);
    function(argument);
    return 0;
}

struct ep_cache *__wrap_ep_cache_create(size_t size, size_t align, unsigned flags,
                                        void (*construct)(void *block))
{
    const char *wanted = getenv("STRESS_FAULT");
    bool is_faulty = wanted != NULL && strcmp(wanted, "untyped") == 0;
    return __real_ep_cache_create(size, align, is_faulty ? 0 : flags, construct);
}
