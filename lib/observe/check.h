/* The checking mode: misuse of blocks is found and told, with the stacks of allocation and free.
 *
 * Layer: observe.  Uses: cache (tracked, watch), guard, quarantine, diagnosis, stack.  Used by: watcher.
 *
 * Levels (the option check)
 *   1   one in check_every requests that come to the slow path is a guarded block (guard.h); all else is as ever.  For
 *       production: a refill of a thread's list now and then takes some microseconds longer.
 *   2   every block is tracked, with bytes around it that must not change, and held back when it is freed.
 *   3   as 2, and every block is a guarded one while there is room.
 *
 *     level 2   | 0xFD, 16 bytes or the alignment | the program's bytes: 0xCD | 0xFD, at least 8 bytes |
 *     freed                                       | 0xDD                      |
 *
 * The bytes are CPython's.  Size, serial number, thread and stacks stand in the block's record, out of the program's
 * reach.  What is found, and when:
 *   at once             a second free, a free or realloc of what is no start, a sized free with a wrong size; of guarded
 *                       blocks every access beyond the end or after the free
 *   when it is freed    bytes around the block that have changed
 *   when it is let go   bytes in a freed block that have changed: after check_quarantine bytes of later frees, or at exit
 *
 * Of blocks above 64 KiB only the first 64 KiB are filled and looked at.
 *
 * Blocks that were there before the mode was on, and those of the unwinder, are ordinary ones.
 * Any thread.  Progress: lock-free.  Fails: no memory for what is to be known of a block: an ordinary one.
 */
#ifndef EPMALLOC_OBSERVE_CHECK_H
#define EPMALLOC_OBSERVE_CHECK_H

#include "cache/tracked.h"

enum { EP__BYTE_CLEAN = 0xcd, EP__BYTE_DEAD = 0xdd, EP__BYTE_FORBIDDEN = 0xfd };

/* The watcher of a level, 1 to 3; prepares what it needs. */
const struct watch *ep__check_begin(unsigned level);

/* A KEPT block's time is over: looks at it and gives it back. */
void ep__check_let_go(const struct tracked *tracked);

/* Looks at the bytes around every block that the program has and into every block that is held back, and lets those
 * go.  At exit; beside anything. */
void ep__check_all(void);

#endif
