/* The calling thread as the kernel knows it.  Layer: sys. */
#ifndef EPMALLOC_SYS_TASK_H
#define EPMALLOC_SYS_TASK_H

#include <stdbool.h>
#include <stdint.h>

/* The kernel's number of the calling thread, as top and gdb show it. */
uint32_t ep__task_number(void);

/* Whether the calling thread is its process's first: the program's, or the one that called fork(). */
bool ep__task_is_first(void);

/* The processors that the process may use, as the kernel said when it was first asked. */
uint32_t ep__task_processors(void);

/* Lets others run for some 50 microseconds.  The only wait in lib: for ep_epoch_barrier(). */
void ep__task_pause(void);

#endif
