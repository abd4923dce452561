/* USDT probes on samples.  The contract stands in otel_probes.h. */
#include "observe/otel_probes.h"

#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>

#include "sys/atomic.h"
#include "sys/bits.h"

/* The names are what sys/sdt.h makes of provider and probe; the section is where tools expect them.  Who watches writes
 * them. */
_Atomic(uint16_t) otel_memory_alloc_semaphore
    __attribute__((section(".probes"), visibility("hidden")));
_Atomic(uint16_t) otel_memory_free_semaphore
    __attribute__((section(".probes"), visibility("hidden")));

EP__NOINLINE void ep__otel_probe_alloc(const void *p, size_t size, uint64_t weight)
{
    /* order: relaxed -- whether somebody watches; seen late it costs him a sample */
    if (ep__unlikely(ep__load_relaxed(&otel_memory_alloc_semaphore) != 0))
        STAP_PROBE3(otel_memory, alloc, p, size, weight);
}

EP__NOINLINE void ep__otel_probe_free(const void *p)
{
    /* order: relaxed -- as above */
    if (ep__unlikely(ep__load_relaxed(&otel_memory_free_semaphore) != 0))
        STAP_PROBE1(otel_memory, free, p);
}
