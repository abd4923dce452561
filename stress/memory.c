/* The harness's own memory and the resident size (memory.h). */
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "allocator.h"
#include "harness.h"

static void *map_pages(size_t bytes, int flags)
{
    void *start =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
    stress_require(start != MAP_FAILED, "the harness cannot map %zu bytes: %s", bytes,
                   strerror(errno));
    return start;
}

void *stress_map(size_t bytes)
{
    return map_pages(bytes, MAP_PRIVATE);
}

void *stress_map_resident(size_t bytes)
{
    return map_pages(bytes, MAP_PRIVATE | MAP_POPULATE);
}

void *stress_map_shared(size_t bytes)
{
    return map_pages(bytes, MAP_SHARED);
}

void stress_unmap(void *start, size_t bytes)
{
    stress_require(munmap(start, bytes) == 0, "munmap of the harness's own memory failed");
}

/* Fields 0 and 1 of /proc/self/statm, in bytes. */
static size_t read_statm(unsigned field)
{
    char text[128];
    size_t pages[2] = {0, 0};
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    stress_require(file >= 0, "/proc/self/statm cannot be opened");
    ssize_t length = read(file, text, sizeof text - 1);
    (void)close(file);
    stress_require(length > 0, "/proc/self/statm cannot be read");
    text[length] = '\0';
    stress_require(sscanf(text, "%zu %zu", &pages[0], &pages[1]) == 2, "statm says %s", text);
    return pages[field] * (size_t)sysconf(_SC_PAGESIZE);
}

size_t stress_mapped_bytes(void)
{
    return read_statm(0);
}

size_t stress_resident_bytes(void)
{
    return read_statm(1);
}

size_t stress_option(const char *key, size_t otherwise)
{
    char text[512] = "";
    char *end = NULL;
    size_t length = strlen(key);
    (void)stress_allocator.options(text, sizeof text);
    const char *at = strstr(text, key);
    while (at != NULL && at[length] != ':')
        at = strstr(at + 1, key);
    if (at == NULL)
        return otherwise;
    size_t value = strtoull(at + length + 1, &end, 10);
    return value << (*end == 'k' ? 10 : *end == 'm' ? 20 : *end == 'g' ? 30 : 0);
}

/* What the threads may hold of `live` and themselves: thread_percent of both together, if that is more than their
 * thread_bytes. */
static size_t held_bytes(size_t live, unsigned threads)
{
    size_t percent = stress_option("thread_percent", 50);
    size_t fixed = threads * stress_option("thread_bytes", (size_t)1 << 20);
    stress_require(percent < 100, "thread_percent:%zu sets no bound to what threads hold", percent);
    size_t part = live / (100 - percent) * percent;
    return part > fixed ? part : fixed;
}

size_t stress_retained_bytes(size_t live, unsigned threads)
{
    const size_t mib = (size_t)1 << 20;
    size_t share = live / 100 * stress_option("retain_percent", 25);
    size_t floor = stress_option("retain", 8 * mib);
    return (share > floor ? share : floor) + held_bytes(live, threads);
}

static void halve_series(struct stress_series *series)
{
    for (unsigned i = 0; i < STRESS_SAMPLES / 2; i++) {
        series->at[i] = series->at[2 * i + 1];
        series->bytes[i] = series->bytes[2 * i + 1];
    }
    series->count = STRESS_SAMPLES / 2;
}

void stress_series_add(struct stress_series *series, double at)
{
    if (series->count == STRESS_SAMPLES)
        halve_series(series);
    series->at[series->count] = (float)at;
    series->bytes[series->count++] = stress_resident_bytes();
}

size_t stress_series_most(const struct stress_series *series, double first, double last)
{
    size_t most = 0;
    for (unsigned i = 0; i < series->count; i++) {
        bool inside = (double)series->at[i] >= first && (double)series->at[i] <= last;
        if (inside && series->bytes[i] > most)
            most = series->bytes[i];
    }
    return most;
}

void stress_series_print(const struct stress_series *series)
{
    char line[700];
    size_t used = 0;
    unsigned step = series->count / 20 + 1;
    line[0] = '\0';
    for (unsigned i = 0; i < series->count && used + 32 < sizeof line; i += step)
        used += (size_t)snprintf(line + used, sizeof line - used, " %.1f:%.1f",
                                 (double)series->at[i], (double)series->bytes[i] / 1048576.0);
    stress_say("%s: progress:resident MiB%s", stress_program.name, line);
}
