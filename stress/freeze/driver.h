/* First mode: an operation is stepped, and at each stop others must complete a burst.
 *
 * A stop is any instruction outside stress_freeze itself, but for repetitions: an instruction is a stop at most
 * `repeats` times a victim (a loop's body would be stopped at for ever), the next step of an instruction that repeats
 * itself (rep movs) is none, and outside the allocator `repeats` is at most FREEZE_REPEATS_APART.
 *
 * Each burst has local, remote and refilling operations, and one other kind in turn: the n-th stop at an
 * instruction asks for the n-th kind.
 *
 * While a burst is blocked the victim goes on, an instruction at a time, until the burst ends: a region.  A region
 * that has an instruction of the allocator's library is the allocator's; one that lies wholly in the C library or
 * the loader is counted apart.  Regions are told apart by their first instruction in the allocator, since many begin
 * in the C library's mutex.
 */
#ifndef STRESS_FREEZE_DRIVER_H
#define STRESS_FREEZE_DRIVER_H

#include "freeze/freeze.h"
#include "freeze/operations.h"
#include "freeze/places.h"

enum { FREEZE_REPEATS_APART = 2, FREEZE_REGIONS = 512 };

struct region {
    struct freeze_place first; /* in the allocator, if it has an instruction there */
    uint64_t stops;            /* with repetitions over all victims */
    bool is_own;               /* the allocator's */
    bool is_endless;           /* the burst did not end before the operation did */
    enum freeze_kind kind;     /* what was blocked, the first time */
};

struct outcome {
    const struct freeze_operation *operation;
    uint64_t instructions;           /* stepped */
    uint64_t stops[FREEZE_OWNERS];   /* by where the instruction lies */
    uint64_t blocked[FREEZE_OWNERS]; /* distinct instructions at which others were blocked */
    unsigned region_count;
    struct region regions[FREEZE_REGIONS];
};

void freeze_drive(const struct freeze_settings *settings, const struct freeze_operation *operation,
                  struct outcome *outcome);

unsigned freeze_regions(const struct outcome *outcome, bool is_own);

#endif
