/* Links of free blocks, looked at before they are followed; and lists in an order that cannot be guessed.
 *
 * Layer: pool.  Uses: sys, pool.  Used by: pool, cache.
 *
 * Two options, both off: check_links and random_order.  Both work where lists are made or taken, never where malloc and
 * free pop and push.
 *   check_links   a list that refill hands to malloc, that others have freed, or that an owner gives up, is walked, and
 *                 each link must be the end or the start of a block of the pool, and the list no longer than the pool.
 *                 So a write into a free block is found before its link leads anywhere, if it came before the look.
 *   random_order  freshly carved blocks are dealt to eight lists, each to a random one and a random end, and these are put behind one
 *                 another: four random bits a block, so that neither the next address nor a block's neighbours in time follow from
 *                 the addresses seen so far.  The bits come from time and address, by a mixing function: no secret.
 *
 * The owner only.  Progress: wait-free.
 */
#ifndef EPMALLOC_POOL_LINKS_H
#define EPMALLOC_POOL_LINKS_H

#include "pool/pool.h"

/* Reports a link of the chain that leads out of the pool or between its blocks, or round. */
void ep__links_check(struct pool *pool, const struct block *chain);

/* Whether what a free block's first word says may be followed. */
static inline bool ep__links_is_sound(struct pool *pool, const struct block *next)
{
    return next == NULL || ep__pool_starts_block(pool, next);
}

/* The corruption of the link of a free block. */
_Noreturn void ep__links_report(const struct block *block);

/* The same blocks in another order. */
struct block *ep__links_shuffle(struct block *chain);

#endif
