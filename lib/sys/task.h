/* The calling thread as the kernel knows it.  Layer: sys. */
#ifndef EPMALLOC_SYS_TASK_H
#define EPMALLOC_SYS_TASK_H

#include <stdbool.h>
#include <stdint.h>

/* The kernel's number of the calling thread, as top and gdb show it. */
uint32_t ep__task_number(void);

/* Whether the calling thread is its process's first: the program's, or the one that called fork(). */
bool ep__task_is_first(void);

/* Whether the C library knows the calling thread by the kernel's number: false in the child of vfork() or of a bare
 * clone(), which runs on what the C library knows of its parent's thread. */
bool ep__task_is_known(void);

/* Whether the calling thread is the only one of its process that has not ended.  Reads /proc; false without it. */
bool ep__task_is_last(void);

/* The calling thread's name, of at most 15 bytes. */
void ep__task_set_name(const char *name);

/* The processors that the process may use, as the kernel said when it was first asked. */
uint32_t ep__task_processors(void);

/* Lets others run for some 50 microseconds.  For ep_epoch_barrier(). */
void ep__task_pause(void);

/* Waits: for the helper thread. */
void ep__task_sleep(uint64_t milliseconds);

#endif
