/* Time: for policies of purging, and for events.  Layer: sys. */
#ifndef EPMALLOC_SYS_CLOCK_H
#define EPMALLOC_SYS_CLOCK_H

#include <stdint.h>

/* Milliseconds since an arbitrary start; monotonic, at the resolution of the scheduler's tick, and
 * without a system call where the kernel offers that. */
uint64_t ep__clock_ms(void);

/* Nanoseconds since an arbitrary start, monotonic over all threads, as exact as the machine has it; and since 1970, by
 * the machine's calendar.  Without a system call where the kernel offers that. */
uint64_t ep__clock_ns(void);
uint64_t ep__clock_realtime_ns(void);

#endif
