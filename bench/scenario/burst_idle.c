/*
 * burst_idle: a burst of work, then nothing.
 *
 * Models the daily life of a server between requests, after the observation of Hunter et
 * al., "Beyond malloc efficiency to fleet efficiency" (OSDI 2021), that what an allocator
 * keeps when the load has gone is paid for by every program on the machine: threads build
 * up 400 MiB of blocks, free all but one in 50 in random order, build up again, and free
 * those too at the end of the last burst; then the process idles.
 *
 * The time is that of the bursts; rss_idle_kib is read after 1.5 s of idling, in which no
 * thread calls the allocator.
 */
#include "scenario.h"

#include <stdlib.h>

enum { BURSTS = 6, SURVIVORS = 50 };

static size_t blocks_per_thread;
static void **blocks[SCENARIO_THREADS_MAX];
static unsigned burst;

static size_t draw_size(uint64_t *random)
{
    return scenario_random(random) % 16 == 0 ? scenario_between(random, 512, 12000)
                                             : scenario_between(random, 16, 512);
}

static void swap_blocks(void **a, void **b)
{
    void *old = *a;

    *a = *b;
    *b = old;
}

static void run_burst(size_t thread_idx)
{
    void **mine = blocks[thread_idx];
    uint64_t random = scenario_seed(thread_idx + 100 * burst);

    for (size_t i = 0; i < blocks_per_thread; i++) {
        size_t size = draw_size(&random);

        if (mine[i] != NULL)
            continue;
        mine[i] = scenario_check(malloc(size));
        scenario_touch(mine[i], size);
    }
    for (size_t i = blocks_per_thread - 1; i > 0; i--)
        swap_blocks(&mine[i], &mine[scenario_below(&random, i + 1)]);
    for (size_t i = 0; i < blocks_per_thread; i++) {
        if (i % SURVIVORS == 0 && burst + 1 < BURSTS)
            continue;
        free(mine[i]);
        mine[i] = NULL;
    }
}

int main(int argc, char **argv)
{
    struct scenario s;

    scenario_start(&s, "burst_idle", argc, argv);
    blocks_per_thread = scenario_scaled(&s, 700000.0 / s.threads);
    for (unsigned i = 0; i < s.threads; i++)
        blocks[i] = scenario_check(calloc(blocks_per_thread, sizeof(void *)));
    for (burst = 0; burst < BURSTS; burst++)
        scenario_run_threads(s.threads, run_burst);
    for (unsigned i = 0; i < s.threads; i++)
        free(blocks[i]);
    scenario_stop_clock(&s);
    scenario_sleep_ms(1500);
    scenario_report_with(&s, "rss_idle_kib", (double)scenario_rss_kib());
    return 0;
}
