/* The explored threads: contexts of one system thread.
 *
 * Each has two stacks: its own, and one for what the explorer does at its accesses, so that the thread's own holds
 * nothing but what the thread has put there.  What lies below its end is zeroed after each access, so that frames
 * that are gone leave no trace: two threads in the same state have the same stack.
 */
#ifndef TESTS_MODEL_FIBER_H
#define TESTS_MODEL_FIBER_H

#include <stdbool.h>
#include <stdint.h>

/* Makes context i begin with `body` when it is entered next. */
void fiber_prepare(unsigned i, void (*body)(void));

/* What a context calls first, and last. */
void fiber_begin(unsigned i);
void fiber_end(void);

/* Leaves where the caller is (THREADS_MAX: the explorer's own context) and goes on with another. */
void fiber_switch(unsigned from, unsigned to);

/* Where a context's stack begins. */
char *fiber_stack_end(unsigned i);

/* Memory that is each thread's own although it has one address. */
void fiber_set_private(void *start, unsigned bytes);

/* Whether an address lies on a stack or in such memory: what is there belongs to one thread. */
bool fiber_is_stack(uintptr_t address);

#endif
