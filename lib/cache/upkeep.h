/* Upkeep: one round of what gives memory back while the program does not call.
 *
 * Layer: cache.  Uses: sys/cgroup, arena/retire, pool/uncarve, fork, quota.  Used by: who has time, the helper thread.
 *
 * Algorithm.  A round first does what a free would: it purges what has exceeded the bound for purge_delay.  The bound
 * allows for the next burst; when none has come for long, memory below the bound is idle as well.  So each round notes
 * what is retained, and at the end of a period the least that was retained in it has been free all the time: so much
 * goes back, some arenas a round.  A program that uses its memory in turns shorter than the period keeps it.
 *
 * At the end of each period it also begins to go over the arenas, some a round, for PARTIAL pools that have not changed
 * since it came by last: their free pages are un-carved.  What a thread owns it cannot touch; so with
 * the first round threads may hold less outside their current pools (quota.h).
 *
 * Where the option cgroup names a control group, its limits are looked at once a period.  The bound is lowered so that an
 * eighth of the limit stays unused as long as we have something to give back; by half what is retained when tasks wait
 * for memory 1 % of the time, and to nothing at 10 %.  With nothing allowed, pools need not be quiet to be un-carved.
 *
 * Who may overlap: everything; each caller has an upkeep of its own, of zeroes at first.
 * Progress: lock-free, in proportion to a bounded number of arenas.
 * What it is bad at: a program whose bursts come a little further apart than the period pays for each anew.
 */
#ifndef EPMALLOC_CACHE_UPKEEP_H
#define EPMALLOC_CACHE_UPKEEP_H

#include "pool/uncarve.h"

enum {
    EP__UPKEEP_ROUND_MS = 100, /* between two rounds, when nothing is in a hurry */
    EP__UPKEEP_ROUNDS = 10,    /* of a period */
    EP__UPKEEP_ARENAS = 16,    /* gone over in one round */
};

/* What the caller remembers from round to round. */
struct upkeep {
    uint32_t rounds;    /* of this period */
    size_t least_bytes; /* retained in this period */
    size_t idle_bytes;  /* retained all through the last one, and not given back yet */
    bool is_touring;    /* goes over the arenas */
    bool is_pressed;    /* nothing may be retained */
    struct uncarve_place place;
};

/* One round.  Returns the milliseconds until the next is worth doing. */
uint32_t ep__upkeep_round(struct upkeep *upkeep);

#endif
