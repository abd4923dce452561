/* Call stacks: which calls of the program have led to here.
 *
 * Layer: observe.  Uses: sys, unwinder.  Used by: observe (profile, checking mode, events).
 *
 * Nouns: a *frame* is a return address.  A *record* is what a function that keeps a frame pointer leaves on the
 * stack: its caller's frame pointer, and the address to which it returns.
 *
 * Algorithm.  Two ways lead through the frames.  The compiler's unwinder reads the tables that describe each
 * function; it is right wherever there are tables, at 0.1 to 0.3 us a frame.  A chain of records takes a load
 * a frame, and is right only where everything in between was compiled to keep frame pointers.  Which it was is found
 * out by comparison: the first stacks are taken both ways, and as soon as one differs, frame pointers are not used
 * again.  Once 32 have agreed they are relied on, and compared again now and then.  Two stacks agree when the records
 * have all the unwinder's frames but the outermost three, which belong to the C library's start code.
 *
 * Our own frames are left out: those below the caller's record (the anchor), and then those in our code.
 *
 * Never faults: what a record says is followed upwards only, by at most 1 MiB a step, and the kernel copies what is
 * read, half a KiB at a time.
 * Never re-enters: a thread that is taking a stack takes none for what happens meanwhile, and the unwinder is not
 * called for allocations that it makes itself (unwinder.h).  Such a stack is empty.
 *
 * The thread's own stack only.  Who may overlap: everything.  Progress: wait-free, but for the unwinder, which may
 * wait for its own lock where code was registered by a just-in-time compiler.
 */
#ifndef EPMALLOC_OBSERVE_STACK_H
#define EPMALLOC_OBSERVE_STACK_H

#include <stdbool.h>
#include <stdint.h>

enum { EP__STACK_FRAMES_MAX = 64 };

/* What a function that keeps a frame pointer leaves on the stack. */
struct frame_record {
    uintptr_t caller; /* the caller's record */
    uintptr_t pc;     /* where it returns to */
};

/* The record of the function that names it, which must not be inlined. */
#define ep__stack_anchor() ((const struct frame_record *)__builtin_frame_address(0))

/* Makes the unwinder ready, where a program may load a library (unwinder.h). */
void ep__stack_prepare(void);

/* Writes at most `most` frames, from the caller of the anchor's function outwards; returns how many. */
unsigned ep__stack_capture(uintptr_t *frames, unsigned most, const struct frame_record *anchor);

/* Whether the calling thread is taking a stack: what it allocates now is the unwinder's. */
bool ep__stack_is_busy(void);

/* Whether frame pointers are relied on. */
bool ep__stack_trusts_records(void);

#endif
