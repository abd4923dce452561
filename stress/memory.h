/* The harness's own memory, and how much memory the process has resident.
 *
 * The oracle must not allocate from what it examines: its memory is mapped directly, whole tables at a
 * time, and faulted in at once where a program measures its resident size.
 */
#ifndef STRESS_MEMORY_H
#define STRESS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Maps zeroed memory.  Fails the run when there is none. */
void *stress_map(size_t bytes);

/* The same, resident from the start. */
void *stress_map_resident(size_t bytes);

/* The same, shared with children that are forked later. */
void *stress_map_shared(size_t bytes);

void stress_unmap(void *start, size_t bytes);

/* The process's resident memory and its mapped address space, now. */
size_t stress_resident_bytes(void);
size_t stress_mapped_bytes(void);

/* The value of an option of the allocator, in its unit; `otherwise` when it has no such option. */
size_t stress_option(const char *key, size_t otherwise);

/* What the options allow an allocator to keep of free memory: `retain` or `retain_percent` of `live`,
 * the larger, and the larger of `thread_bytes` and its `thread_percent` for each of `threads`.  Options that the
 * allocator does not have count with epmalloc's defaults. */
size_t stress_retained_bytes(size_t live, unsigned threads);

/* A series of resident sizes over a run, by time or by how much has been done. */
enum { STRESS_SAMPLES = 4096 };

struct stress_series {
    unsigned count;
    float at[STRESS_SAMPLES];
    size_t bytes[STRESS_SAMPLES];
};

/* Takes a sample.  Every second one is dropped when the series is full. */
void stress_series_add(struct stress_series *series, double at);

/* The largest sample from `first` to `last`; 0 when there is none. */
size_t stress_series_most(const struct stress_series *series, double first, double last);

/* Prints the series on stderr, at most some twenty samples of it. */
void stress_series_print(const struct stress_series *series);

#endif
