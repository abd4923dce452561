/*
 * cache_sharing: does the allocator put two threads' blocks on one cache line?
 *
 * Models cache-scratch and cache-thrash of Berger, McKinley, Blumofe and Wilson, "Hoard: A
 * Scalable Memory Allocator for Multithreaded Applications" (ASPLOS 2000).
 * --variant thrash (active): each thread allocates an 8-byte block, writes it many times, frees it,
 * and again.  --variant scratch (passive): the main thread allocates one 8-byte block per
 * thread side by side; each thread frees the one it got and then does as in thrash, so an
 * allocator that reuses the freed block induces sharing.
 *
 * Blocks of 8 bytes, the smallest there are, 400 writes per life: a shared line makes the
 * row several times slower, which is the only thing it looks for.
 */
#include "scenario.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 8, WRITES_PER_LIFE = 400 };

static void *handed[SCENARIO_THREADS_MAX];
static size_t lives_per_thread;

static void write_block(volatile char *block)
{
    for (size_t n = 0; n < WRITES_PER_LIFE; n++)
        block[n % BLOCK_BYTES] = (char)(block[n % BLOCK_BYTES] + 1);
}

static void live(size_t thread_idx)
{
    free(handed[thread_idx]);
    for (size_t n = 0; n < lives_per_thread; n++) {
        char *block = scenario_check(malloc(BLOCK_BYTES));

        memset(block, 0, BLOCK_BYTES);
        write_block(block);
        free(block);
    }
}

int main(int argc, char **argv)
{
    struct scenario s;

    scenario_start(&s, "cache_sharing", argc, argv);
    lives_per_thread = scenario_scaled(&s, 8e6 / s.threads);
    if (strcmp(s.variant, "scratch") == 0) {
        for (unsigned i = 0; i < s.threads; i++)
            handed[i] = scenario_check(malloc(BLOCK_BYTES));
    }
    scenario_run_threads(s.threads, live);
    scenario_report(&s);
    return 0;
}
