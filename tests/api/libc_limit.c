/* Out of memory under RLIMIT_AS: NULL and ENOMEM, the heap intact, and after freeing all is well again.
 *
 * The limit must stand before the allocator looks at it, so the program sets it and runs itself again. */
#include <epmalloc/epmalloc.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "api/sizes.h"
#include "child.h"

#define LIMIT_BYTES ((size_t)128 << 20)

/* Blocks in a list through their first bytes, so that the test needs no memory of its own. */
struct link {
    struct link *next;
    unsigned seed;
};

struct chain {
    struct link *first;
    size_t count;
};

static bool take_one(struct chain *chain, size_t size)
{
    struct link *link = malloc(size);
    if (link == NULL)
        return false;
    link->next = chain->first;
    link->seed = (unsigned)chain->count++;
    fill_block(link + 1, size - sizeof *link, link->seed);
    chain->first = link;
    return true;
}

/* Takes blocks until there are none; false when success changed errno, or the failure was not ENOMEM. */
static bool take_all(struct chain *chain, size_t size)
{
    errno = 0;
    while (take_one(chain, size))
        if (errno != 0)
            return false;
    return errno == ENOMEM;
}

/* Frees every n-th block; false when one was not as it was left. */
static bool free_every(struct chain *chain, size_t size, unsigned n)
{
    struct link **place = &chain->first;
    for (size_t i = 0; *place != NULL; i++) {
        struct link *link = *place;
        size_t bytes = size - sizeof *link;
        if (count_filled(link + 1, bytes, link->seed) != bytes)
            return false;
        if (i % n != 0) {
            place = &link->next;
            continue;
        }
        *place = link->next;
        free(link);
        chain->count--;
    }
    return true;
}

static int fail(const char *what, size_t size, size_t number)
{
    printf("size %zu: %s (%zu)\n", size, what, number);
    return 1;
}

static int exhaust(size_t size)
{
    struct chain chain = {NULL, 0};
    if (!take_all(&chain, size))
        return fail("errno is not as it should be", size, (size_t)errno);
    size_t most = chain.count;
    if (most * size < LIMIT_BYTES / 2)
        return fail("too early out of memory", size, most);
    if (!free_every(&chain, size, 3))
        return fail("contents lost", size, most);
    size_t kept = chain.count;
    if (!take_all(&chain, size))
        return fail("errno is not as it should be after frees", size, (size_t)errno);
    size_t again = chain.count - kept;
    if (again < (most - kept) / 4 * 3)
        return fail("freed memory does not come back", size, again);
    if (!free_every(&chain, size, 1) || chain.first != NULL)
        return fail("contents lost at the end", size, chain.count);
    return 0;
}

/* All kinds that live in arenas, one after the other: what one held must serve the next. */
static int exhaust_kinds(void)
{
    static const size_t sizes[] = {100, 3000, 30000, 200000, 64, 1000000, 16384, 512};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (exhaust(sizes[i]) != 0)
            return 1;
    return 0;
}

/* What huge blocks held serves arenas. */
static int exhaust_huge_first(void)
{
    return exhaust(5000000) != 0 || exhaust(1100000) != 0 || exhaust(2000) != 0;
}

static void *exhaust_beside_others(void *size)
{
    struct chain chain = {NULL, 0};
    for (unsigned round = 0; round < 3; round++) {
        if (!take_all(&chain, *(size_t *)size) ||
            !free_every(&chain, *(size_t *)size, 1 + round % 2))
            return size;
    }
    return free_every(&chain, *(size_t *)size, 1) ? NULL : size;
}

static int exhaust_by_threads(void)
{
    static size_t sizes[4] = {200, 5000, 100000, 3000000};
    pthread_t threads[4];
    unsigned failures = 0;
    for (unsigned i = 0; i < 4; i++)
        if (pthread_create(&threads[i], NULL, exhaust_beside_others, &sizes[i]) != 0)
            return 1;
    for (unsigned i = 0; i < 4; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        failures += failed != NULL;
    }
    return failures != 0 ? fail("a thread lost contents, or saw a wrong errno", 0, failures)
                         : exhaust(1000);
}

static int exec_under_limit(const char *argument)
{
    const struct rlimit limit = {LIMIT_BYTES, LIMIT_BYTES};
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        return 1;
    execl("/proc/self/exe", "limited", argument, "under the limit", NULL);
    return 1;
}

static const struct {
    const char *name;
    int (*run)(void);
} cases[] = {
    {"kinds", exhaust_kinds}, {"huge", exhaust_huge_first}, {"threads", exhaust_by_threads}};
enum { CASES = sizeof cases / sizeof cases[0] };

static int run_case(const char *name)
{
    for (unsigned i = 0; i < CASES; i++)
        if (strcmp(cases[i].name, name) == 0)
            return cases[i].run();
    return 1;
}

int main(int count, char **arguments)
{
    int failures = 0;
    if (count == 3)
        return run_case(arguments[1]);
    if (count == 2)
        return exec_under_limit(arguments[1]);
    for (unsigned i = 0; i < CASES; i++) {
        static struct child child;
        child_run(&child, cases[i].name, "");
        fputs(child.output, stdout);
        if (child.status != 0)
            failures += fail(cases[i].name, 0, (size_t)child.status);
    }
    return failures;
}
