/* Sections of the program: what lies between ep_epoch_enter() and ep_epoch_exit().
 *
 * Layer: cache.  Uses: epoch/grace, fork, thread.  Used by: api.
 *
 * A thread with a control block enters by its record there; before that it looks whether it is in a new child.  A
 * thread without one is born, or, where that is not possible any more, is a guest (grace.h).  A thread's exit ends
 * its sections.
 *
 * The calling thread only; a handler that interrupts enter or exit may enter and exit.  Progress: wait-free with a
 * control block.
 */
#ifndef EPMALLOC_CACHE_SECTION_H
#define EPMALLOC_CACHE_SECTION_H

#include "cache/cache.h"
#include "cache/fork.h"

/* The same without a control block, in a child that has not been recognised, or in no section. */
void ep__section_enter_slow(void);
void ep__section_exit_slow(void);

EP__INLINE void ep__section_enter(void)
{
    struct cache *cache = ep__tls.cache;
    if (ep__unlikely(cache == NULL || !ep__fork_is_known(cache))) {
        ep__section_enter_slow();
        return;
    }
    ep__grace_enter(&cache->grace);
}

EP__INLINE void ep__section_exit(void)
{
    struct cache *cache = ep__tls.cache;
    if (ep__unlikely(cache == NULL || !ep__grace_exit(&cache->grace)))
        ep__section_exit_slow();
}

/* Whether the calling thread is in a section. */
bool ep__section_is_inside(void);

#endif
