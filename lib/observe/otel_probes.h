/* USDT probes on samples, as eBPF profilers look for them.
 *
 * Layer: observe.  Uses: <sys/sdt.h>.  Used by: sampling.
 *
 *     otel_memory:alloc(ptr, size, weight)    a sampled block of `size` bytes, that stands for `weight` bytes
 *     otel_memory:free(ptr)                   it has been freed
 *
 * A probe is a `nop` behind a semaphore that who watches counts up, so it costs a load and a branch a sample; a note in
 * the library's file says where they lie.
 * Source: OpenTelemetry's design document for memory profiling by eBPF (opentelemetry-ebpf-profiler).
 * Any thread; async-signal-safe; wait-free.
 */
#ifndef EPMALLOC_OBSERVE_OTEL_PROBES_H
#define EPMALLOC_OBSERVE_OTEL_PROBES_H

#include <stddef.h>
#include <stdint.h>

void ep__otel_probe_alloc(const void *p, size_t size, uint64_t weight);
void ep__otel_probe_free(const void *p);

#endif
