/* The stack table: each call stack is kept once, and has a number.
 *
 * Layer: observe.  Uses: sys.  Used by: observe (profile, checking mode, events).
 *
 *     index: 2^15 words, each the number of the newest stack with this hash
 *     words: | entry | frames ... | entry | frames ... | ...      a stack's number is where its entry starts
 *                entry.next: the number of an older stack with this hash
 *
 * Algorithm.  Whoever has a stack that is not there takes room at the end by one addition, writes the entry and
 * the frames, and puts the entry in front of its chain by one compare-and-swap, with release order; when another was
 * faster, the newer entries are searched first, and if the stack is among them the room stays unused.  Nothing is
 * ever removed or changed, so a number is good for ever, and readers need no section.  ABA: chains only grow at the
 * front, and no number is used twice.
 *
 * The table is mapped by the first stack that is kept: address space, of which only what is written becomes memory.
 * It is bounded; what does not fit any more is counted and gets the number 0.
 *
 * Any thread, beside anything; async-signal-safe.  Progress: lock-free (a failed compare-and-swap means that another
 * thread's stack is there).  A thread that stops before its compare-and-swap hides the room of one stack.
 * Edges: STT (the table, from who maps it), STE (an entry and its frames).
 */
#ifndef EPMALLOC_OBSERVE_STACK_TABLE_H
#define EPMALLOC_OBSERVE_STACK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The number of a stack; 0: it could not be kept, or has no frames.  At most EP__STACK_FRAMES_MAX frames. */
uint32_t ep__stack_table_keep(const uintptr_t *frames, unsigned count);

/* The frames of a stack, for ever; their number in *count.  NULL for number 0. */
const uintptr_t *ep__stack_table_frames(uint32_t number, unsigned *count);

/* How many stacks could not be kept. */
uint64_t ep__stack_table_lost(void);

/* Bytes that the table uses. */
size_t ep__stack_table_bytes(void);

#endif
