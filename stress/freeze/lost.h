/* Second mode: the victim is left standing at one instruction for good, in a process of its own, while the others
 * live on for FREEZE_ROUNDS phases that each end with nothing allocated and everything given back.
 *
 * *Lost* is what is resident at the end above what is resident when the victim stands before its operation, the
 * pages of the victim's own blocks not counted.  *Growth* is from the third phase to the last, and shows a
 * loss that repeats.  The bound is what docs/design.md allows a stopped thread to keep from others.
 */
#ifndef STRESS_FREEZE_LOST_H
#define STRESS_FREEZE_LOST_H

#include "freeze/freeze.h"
#include "freeze/operations.h"
#include "freeze/places.h"

/* An arena in transition, the thread's quota and batches, and a megabyte for pages of tables and stacks. */
#define FREEZE_LOST_BYTES_MAX                                                                      \
    (((size_t)4 << 20) + ((size_t)1 << 20) + ((size_t)16 << 10) + ((size_t)1 << 20))
#define FREEZE_GROWTH_BYTES_MAX ((size_t)512 << 10)

struct losses {
    unsigned samples;
    unsigned blocked; /* of them others did not come through */
    unsigned above;   /* of them lost more than the bound, or grew */
    unsigned missed;  /* the operation was over before */
    size_t most_bytes;
    size_t most_growth_bytes;
    const struct freeze_operation *most_operation;
    struct freeze_place most_place;
};

/* Adds the samples of one operation, `count` of them. */
void freeze_lose(const struct freeze_settings *settings, const struct freeze_operation *operation,
                 unsigned count, struct losses *losses);

/* Distinct instructions of the allocator in an operation. */
unsigned freeze_count_places(const struct freeze_settings *settings,
                             const struct freeze_operation *operation);

#endif
