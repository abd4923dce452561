/* Time for policies of purging.  Layer: sys. */
#ifndef EPMALLOC_SYS_CLOCK_H
#define EPMALLOC_SYS_CLOCK_H

#include <stdint.h>

/* Milliseconds since an arbitrary start; monotonic, at the resolution of the scheduler's tick, and
 * without a system call where the kernel offers that. */
uint64_t ep__clock_ms(void);

#endif
