/* First mode: an operation is stepped, and at each stop others must complete a burst.
 *
 * A stop is any instruction outside stress_freeze itself, but for repetitions: an instruction is a stop at most
 * `repeats` times a victim (a loop's body would be stopped at for ever), the next step of an instruction that repeats
 * itself (rep movs) is none, and outside the allocator `repeats` is at most FREEZE_REPEATS_APART.
 *
 * Each burst has local, remote and refilling operations, and one other kind in turn: from one stop at an instruction
 * to the next it is the next kind.  Beside every fourth victim bursts are local and remote only.
 *
 * While a burst is blocked the victim goes on, an instruction at a time, until the burst ends: a region.  A region
 * that has an instruction of the allocator's library is the allocator's; one that lies wholly in the C library or
 * the loader is counted apart.  regions.h tells what makes two of them one.
 */
#ifndef STRESS_FREEZE_DRIVER_H
#define STRESS_FREEZE_DRIVER_H

#include "freeze/regions.h"

enum { FREEZE_REPEATS_APART = 2 };

void freeze_drive(const struct freeze_settings *settings, const struct freeze_operation *operation,
                  struct outcome *outcome);

#endif
