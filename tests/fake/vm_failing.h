/* A sys/vm that fails on request, linked in place of the real one's entry points.
 *
 * Every function of lib/sys/vm.h that can fail is counted; the calls in a chosen range fail without
 * having done anything, as the kernel's would, and the others go on to the real function.  Hints
 * (huge pages) are not counted: they promise nothing.
 *
 * It is linked by the linker's --wrap (CMake: the target vm_failing carries the options), so the real
 * vm_linux.c stays as it is.
 *
 * Threads: calls may come from any thread and are numbered in the order they arrive; with one thread
 * a number means the same call in each run.
 */
#ifndef TESTS_FAKE_VM_FAILING_H
#define TESTS_FAKE_VM_FAILING_H

#include <stdint.h>

/* From now on, calls are numbered from 1, and calls first .. first + count - 1 fail.  first 0: none. */
void vm_failing_plan(uint64_t first, uint64_t count);

/* Beside the plan: `share` in 256 of the calls fail, drawn by their numbers and `seed`.  share 0: none. */
void vm_failing_scatter(uint64_t seed, unsigned share);

/* Calls since the last plan. */
uint64_t vm_failing_calls(void);

/* The name of the last function that was made to fail; "none". */
const char *vm_failing_last(void);

#endif
