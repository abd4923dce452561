/* 2,000 threads are born, allocate, hand blocks to each other and end; memory stays bounded: neither blocks,
 * nor control blocks, nor arenas pile up. */
#include <epmalloc/epmalloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/sizes.h"

enum { AT_ONCE = 8, WAVES = 250, WARM_WAVES = 25, BLOCKS = 400, HANDED = 50 };

/* A thread uses 75 classes, 48 of them with a pool of 64 KiB and 27 with one of 256 KiB: 10 MiB, two arenas and a
 * half.  Each block that a wave hands to the next may keep a pool of 64 KiB that is not free enough to be claimed, so
 * a wave needs 26 arenas.  Half as much again is for arenas in which four slots in a row are wanted and single ones
 * are free.  One slot lost in each thread's life would come to 31 arenas more. */
enum {
    ARENAS_NEEDED = AT_ONCE * 5 / 2 + AT_ONCE * HANDED / 64,
    ARENAS_MAX = ARENAS_NEEDED * 3 / 2
};

/* The i-th thread of a wave frees what the i-th of the wave before left. */
static void *handed[AT_ONCE][HANDED];
static unsigned numbers[AT_ONCE];

/* All threads of a wave have their blocks at once, however they are scheduled. */
static pthread_barrier_t all_have_blocks;

static void *live_and_end(void *number)
{
    unsigned me = *(unsigned *)number;
    void *blocks[BLOCKS];
    for (unsigned i = 0; i < BLOCKS; i++) {
        size_t size = 8 + i * (i % 7) * 9;
        blocks[i] = malloc(size);
        memset(blocks[i], (int)me, size);
    }
    pthread_barrier_wait(&all_have_blocks);
    for (unsigned i = 0; i < HANDED; i++) {
        free(handed[me][i]);
        handed[me][i] = malloc(8 + i * 30);
    }
    for (unsigned i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    return NULL;
}

static int run_wave(void)
{
    pthread_t threads[AT_ONCE];
    for (unsigned i = 0; i < AT_ONCE; i++) {
        numbers[i] = i;
        if (pthread_create(&threads[i], NULL, live_and_end, &numbers[i]) != 0)
            return 1;
    }
    for (unsigned i = 0; i < AT_ONCE; i++)
        pthread_join(threads[i], NULL);
    return 0;
}

static int check(const char *what, size_t value, size_t bound)
{
    if (value <= bound)
        return 0;
    printf("%s: %zu, above %zu\n", what, value, bound);
    return 1;
}

int main(void)
{
    struct ep_stats warm;
    struct ep_stats end;
    if (pthread_barrier_init(&all_have_blocks, NULL, AT_ONCE) != 0)
        return 1;
    for (unsigned wave = 0; wave < WARM_WAVES; wave++)
        if (run_wave() != 0)
            return 1;
    ep_stats(&warm, sizeof warm);
    for (unsigned wave = WARM_WAVES; wave < WAVES; wave++)
        if (run_wave() != 0)
            return 1;
    ep_stats(&end, sizeof end);
    int failures = check("arenas", end.arenas_highwater, ARENAS_MAX);
    failures += check("blocks in use", end.blocks_in_use, warm.blocks_in_use + 16);
    failures += check("metadata bytes", end.metadata_bytes,
                      warm.metadata_bytes + ARENAS_MAX * (size_t)16384);
    failures += check("uncertain bytes", end.uncertain_bytes, 0);
    failures += check("unaccounted bytes", end.unaccounted_bytes, 0);
    failures += end.total_bytes != end.arena_bytes;
    for (unsigned i = 0; i < AT_ONCE; i++)
        for (unsigned j = 0; j < HANDED; j++)
            free(handed[i][j]);
    ep_thread_idle();
    ep_stats(&end, sizeof end);
    failures += check("blocks in use at the end", end.blocks_in_use,
                      warm.blocks_in_use - AT_ONCE * HANDED + 16);
    return failures;
}
