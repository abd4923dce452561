/*
 * mleak: short-lived threads, many thousands.
 *
 * Models the mleak test of the mimalloc-bench collection: threads are born, allocate a
 * little in several sizes, free it and end; what an allocator does not clean up per thread
 * adds up.  --variant orphans: each thread leaves its blocks to the main thread, which frees
 * them after the thread has ended, as the results of worker threads are.
 *
 * 20,000 pairs of threads, one pair after the other: what a thread's birth and exit cost decides
 * the time, and the highest Rss shows what is left behind.
 */
#include "scenario.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 40, AT_ONCE = 2 };

static void *blocks[AT_ONCE][BLOCKS];
static int leave_orphans;

static void free_all(size_t thread_idx)
{
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[thread_idx][i]);
}

static void live(size_t thread_idx)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        size_t size = 16 + 24 * i;

        blocks[thread_idx][i] = scenario_check(malloc(size));
        scenario_touch(blocks[thread_idx][i], size);
    }
    if (!leave_orphans)
        free_all(thread_idx);
}

int main(int argc, char **argv)
{
    struct scenario s;
    size_t rounds;

    scenario_start(&s, "mleak", argc, argv);
    leave_orphans = strcmp(s.variant, "orphans") == 0;
    rounds = scenario_scaled(&s, 20000);
    for (size_t n = 0; n < rounds; n++) {
        scenario_run_threads(AT_ONCE, live);
        if (n % 1024 == 0)
            scenario_note_rss();
        if (leave_orphans) {
            for (size_t i = 0; i < AT_ONCE; i++)
                free_all(i);
        }
    }
    scenario_report(&s);
    return 0;
}
