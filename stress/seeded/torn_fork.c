/* A fork that gives the child an open cut, in front of the real one (the linker's --wrap), with STRESS_FAULT=torn: every
 * tenth child finds on every other page of the largest mapping what was there some time before the fork.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

pid_t __real_fork(void);
pid_t __wrap_fork(void);
void *__real_stress_map_resident(size_t bytes);
void *__wrap_stress_map_resident(size_t bytes);

enum { PAGE = 4096, EVERY = 10 };

static char *watched;
static char *earlier;
static size_t watched_bytes;

void *__wrap_stress_map_resident(size_t bytes)
{
    void *start = __real_stress_map_resident(bytes);
    watched = start;
    watched_bytes = bytes;
    earlier = stress_map(bytes);
    return start;
}

pid_t __wrap_fork(void)
{
    static unsigned forks;
    const char *fault = getenv("STRESS_FAULT");
    if (fault == NULL || strcmp(fault, "torn") != 0 || ++forks % EVERY != 0)
        return __real_fork();
    for (size_t i = 0; i < watched_bytes; i += 2 * (size_t)PAGE)
        memcpy(earlier + i, watched + i, PAGE);
    pid_t child = __real_fork();
    for (size_t i = 0; child == 0 && i < watched_bytes; i += 2 * (size_t)PAGE)
        memcpy(watched + i, earlier + i, PAGE);
    return child;
}
