/* A threaded process forks, at any moment; its child allocates and frees at once, blocks of other threads
 * included, makes threads and forks again.  Seen if it were false: a child that hangs (the alarm), crashes,
 * or finds a block overwritten. */
#include <epmalloc/epmalloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/sizes.h"
#include "child.h"

enum { THREADS = 3, FORKS = 200, GIVEN = 100, HELD = 100, OWN = 48, ALARM_SECONDS = 120 };

static bool ending;

/* Blocks that the threads made, for the children to free; complete before the first fork. */
static void *given[THREADS][GIVEN];
static bool is_given[THREADS];

static size_t size_of(unsigned i)
{
    static const size_t sizes[] = {16, 100, 480, 1000, 5000, 20000, 100000, 1500000};
    return sizes[i % 8] >> (i / 8 % 3);
}

/* Only the beginning of a block is written and compared: children come by the hundred. */
static void fill_beginning(void *block, size_t size, unsigned seed)
{
    fill_block(block, size < 1000 ? size : 1000, seed);
}

static bool is_intact(const void *block, size_t size, unsigned seed)
{
    size = size < 1000 ? size : 1000;
    return count_filled(block, size, seed) == size;
}

static void *work(void *number)
{
    unsigned me = *(unsigned *)number;
    void *held[HELD] = {NULL};
    for (unsigned i = 0; i < GIVEN; i++) {
        given[me][i] = malloc(size_of(i));
        fill_beginning(given[me][i], size_of(i), me + i);
    }
    __atomic_store_n(&is_given[me], true, __ATOMIC_RELEASE);
    for (unsigned step = me; !__atomic_load_n(&ending, __ATOMIC_RELAXED); step++) {
        unsigned i = step * 7 % HELD;
        free(held[i]);
        held[i] = malloc(size_of(step));
        memset(held[i], 1, 16);
    }
    for (unsigned i = 0; i < HELD; i++)
        free(held[i]);
    return NULL;
}

static bool allocate_and_free(unsigned seed)
{
    void *blocks[OWN];
    bool intact = true;
    for (unsigned i = 0; i < OWN; i++) {
        blocks[i] = malloc(size_of(seed + i));
        if (blocks[i] == NULL)
            return false;
        fill_beginning(blocks[i], size_of(seed + i), i);
    }
    for (unsigned i = 0; i < OWN; i++) {
        intact = intact && is_intact(blocks[i], size_of(seed + i), i);
        free(blocks[i]);
    }
    return intact;
}

static bool free_given(void)
{
    bool intact = true;
    for (unsigned me = 0; me < THREADS; me++) {
        for (unsigned i = 0; i < GIVEN; i++) {
            intact = intact && is_intact(given[me][i], size_of(i), me + i);
            free(given[me][i]);
        }
    }
    return intact;
}

static void *allocate_in_a_thread(void *seed)
{
    return allocate_and_free(*(unsigned *)seed) ? NULL : seed;
}

static bool use_threads(unsigned seed)
{
    pthread_t threads[2];
    void *failed[2];
    for (unsigned i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, allocate_in_a_thread, &seed) != 0)
            return false;
    for (unsigned i = 0; i < 2; i++)
        pthread_join(threads[i], &failed[i]);
    return failed[0] == NULL && failed[1] == NULL;
}

static bool child_is_well(pid_t child)
{
    int status;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* What a child does; its own child does the same, one level down. */
static int live_as_child(unsigned seed, unsigned levels)
{
    alarm(ALARM_SECONDS);
    if (!allocate_and_free(seed))
        return 2;
    if (levels > 0) {
        pid_t child = fork();
        if (child == 0)
            _exit(live_as_child(seed + 1, levels - 1));
        if (!child_is_well(child))
            return 3;
    }
    if (!free_given())
        return 4;
    if (seed % 4 == 0 && !use_threads(seed))
        return 5;
    return allocate_and_free(seed + 50) ? 0 : 6;
}

static unsigned fork_often(void)
{
    unsigned failures = 0;
    for (unsigned i = 0; i < FORKS; i++) {
        void *mine = malloc(100 + i);
        pid_t child = fork();
        if (child == 0)
            _exit(live_as_child(i, i % 3));
        failures += !child_is_well(child);
        free(mine);
    }
    return failures;
}

static int run(void)
{
    static unsigned numbers[THREADS];
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        numbers[i] = i;
        if (pthread_create(&threads[i], NULL, work, &numbers[i]) != 0)
            return 1;
    }
    for (unsigned i = 0; i < THREADS; i++)
        while (!__atomic_load_n(&is_given[i], __ATOMIC_ACQUIRE))
            usleep(1000);
    unsigned failures = fork_often();
    __atomic_store_n(&ending, true, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    if (failures != 0)
        printf("%u of %u children failed\n", failures, FORKS);
    return failures != 0 || !free_given();
}

int main(int count, char **arguments)
{
    static const char *const confs[] = {"fork:cut", "fork:strict"};
    (void)arguments;
    if (count > 1)
        return run();
    for (unsigned i = 0; i < 2; i++) {
        static struct child child;
        child_run(&child, "run", confs[i]);
        printf("%s: status %#x\n%s", confs[i], (unsigned)child.status, child.output);
        if (child.status != 0 || child.output[0] != '\0')
            return 1;
    }
    return 0;
}
