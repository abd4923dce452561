/* Where others were blocked in one operation (driver.h says what a region is).
 *
 * Regions that share an instruction of the allocator's are one: a critical section is entered at many instructions when
 * only some are stops, and more than once.  Instructions of the C library join nothing, since many regions begin in
 * its mutex; regions that lie wholly there are one when they begin at the same instruction.
 */
#ifndef STRESS_FREEZE_REGIONS_H
#define STRESS_FREEZE_REGIONS_H

#include "freeze/freeze.h"
#include "freeze/operations.h"
#include "freeze/places.h"

enum { FREEZE_REGIONS = 1024 };

struct region {
    struct freeze_place first; /* in the allocator, if it has an instruction there */
    uint64_t stops;            /* with repetitions over all victims */
    unsigned joined; /* the region that it is part of; its own number where it stands for itself */
    bool is_own;     /* the allocator's */
    enum freeze_kind kind; /* what was blocked, the first time */
};

struct outcome {
    const struct freeze_operation *operation;
    uint64_t instructions;           /* stepped */
    uint64_t stops[FREEZE_OWNERS];   /* by where the instruction lies */
    uint64_t blocked[FREEZE_OWNERS]; /* distinct instructions at which others were blocked */
    unsigned region_count;
    struct region regions[FREEZE_REGIONS];
};

/* A new region; its number. */
unsigned freeze_region_open(struct outcome *outcome, enum freeze_kind kind);

/* Others are blocked at one more instruction. */
void freeze_region_extend(struct outcome *outcome, unsigned number, struct freeze_place place);
void freeze_region_close(struct outcome *outcome, unsigned number);

/* The next region from `number` on that stands for itself; FREEZE_REGIONS: there is none. */
unsigned freeze_region_next(const struct outcome *outcome, unsigned number);

/* How many stand for themselves. */
unsigned freeze_region_count(const struct outcome *outcome, bool is_own);

#endif
