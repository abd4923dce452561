/* The profiler under the C library's names: whoever has called malloc is the first frame of its samples, and none of our
 * own functions is in them.
 *
 * With the name of a folder it writes profiles of what is known, for profiles.py: `keep` has 4000 blocks of 1000 bytes
 * in use, `drop` has freed as many.
 */
#include <epmalloc/epmalloc.h>

#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALLER static __attribute__((noinline))

enum { BLOCKS = 4000, BYTES = 1024, BIG = 5 << 20 };

static void *blocks[BLOCKS];

/* What comes after the call keeps it from being a jump. */
static void *use(void *p)
{
    __asm__ volatile("" : "+r"(p));
    return p;
}

CALLER void *call_malloc(void)
{
    return use(malloc(BIG));
}

CALLER void *call_calloc(void)
{
    return use(calloc(1, BIG));
}

CALLER void *call_calloc_small(void)
{
    return use(calloc(1, 64));
}

CALLER void *call_realloc(void)
{
    return use(realloc(malloc(16), BIG));
}

CALLER void *call_memalign(void)
{
    return use(memalign(4096, BIG));
}

CALLER void *call_posix_memalign(void)
{
    void *p = NULL;
    if (posix_memalign(&p, 64, BIG) != 0)
        abort();
    return use(p);
}

CALLER void *call_batch(void)
{
    void *p = NULL;
    if (ep_malloc_batch(64, 1, &p) != 1)
        abort();
    return use(p);
}

CALLER void keep(void)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = use(malloc(BYTES));
}

CALLER void drop(void)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        free(use(malloc(BYTES)));
}

static const struct {
    const char *name;
    void *(*function)(void);
} callers[] = {
    {"malloc", call_malloc},
    {"calloc", call_calloc},
    {"calloc of a small block", call_calloc_small},
    {"realloc", call_realloc},
    {"memalign", call_memalign},
    {"posix_memalign", call_posix_memalign},
    {"ep_malloc_batch", call_batch},
};

/* Whether one of the profile's stacks begins in the function, which is short. */
static int begins_in(const char *profile, uintptr_t function)
{
    for (const char *at = profile; (at = strstr(at, "\n@ ")) != NULL; at++) {
        if (strtoull(at + 3, NULL, 16) - function < 64)
            return 1;
    }
    return 0;
}

static int check_callers(void)
{
    static char profile[1 << 18];
    int failed = 0;
    int file = open("/tmp", O_RDWR | O_TMPFILE, 0600);
    for (unsigned i = 0; i < sizeof callers / sizeof *callers; i++)
        blocks[i] = callers[i].function();
    if (file < 0 || ep_profile_write(file, EP_PROFILE_JEMALLOC, EP_PROFILE_HEAP) != 0) {
        perror("profile");
        return 1;
    }
    if (pread(file, profile, sizeof profile - 1, 0) <= 0)
        return 1;
    for (unsigned i = 0; i < sizeof callers / sizeof *callers; i++) {
        if (!begins_in(profile, (uintptr_t)callers[i].function)) {
            printf("no stack begins where %s is called\n", callers[i].name);
            failed = 1;
        }
    }
    if (failed)
        puts(profile);
    return failed;
}

static void write_profile(const char *name, enum ep_profile_format format)
{
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (file < 0 || ep_profile_write(file, format, EP_PROFILE_HEAP) != 0) {
        perror(name);
        exit(1);
    }
    close(file);
}

int main(int count, char **arguments)
{
    /* Every block is sampled with an interval of one byte. */
    if (ep_profile_start(count > 1 ? 2048 : 1) != 0) {
        perror("ep_profile_start");
        return 1;
    }
    if (count < 2)
        return check_callers();
    keep();
    drop();
    if (chdir(arguments[1]) != 0)
        return 1;
    write_profile("profile.pb.gz", EP_PROFILE_PPROF);
    write_profile("profile.heap", EP_PROFILE_JEMALLOC);
    write_profile("profile.gperftools", EP_PROFILE_GPERFTOOLS);
    return 0;
}
