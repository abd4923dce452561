/*
 * fragmentation: the sizes change from phase to phase, and one block in 20 survives.
 *
 * Models the fragmentation tests of Redis and the phase model of Johnstone and Wilson, "The
 * Memory Fragmentation Problem: Solved?" (ISMM 1998): each phase allocates a window of
 * sizes, then frees all of it but every 20th block at random; the survivors pin what they lie
 * in while the next phase wants other sizes.
 *
 * Eight phases of 60 MiB: a few MiB of survivors per phase.  The time is that of the phases;
 * rss_idle_kib after 1 s of idling says what the survivors cost.
 */
#include "scenario.h"

#include <stdlib.h>

enum { PHASES = 8, SURVIVORS = 20 };

static const struct {
    size_t low, high;
} phases[PHASES] = {{16, 64},  {64, 256},    {256, 1024}, {24, 40},
                    {16, 512}, {1024, 8192}, {96, 128},   {16, 2048}};

static size_t bytes_per_phase;

struct survivors {
    void **blocks;
    size_t count;
};

static size_t allocate_phase(void **window, unsigned phase, uint64_t *random)
{
    size_t count = 0, bytes = 0;

    while (bytes < bytes_per_phase) {
        size_t size = scenario_between(random, phases[phase].low, phases[phase].high);

        window[count] = scenario_check(malloc(size));
        scenario_touch(window[count++], size);
        bytes += size;
    }
    return count;
}

static void free_phase(void **window, size_t count, struct survivors *kept, uint64_t *random)
{
    for (size_t i = 0; i < count; i++) {
        if (scenario_below(random, SURVIVORS) == 0)
            kept->blocks[kept->count++] = window[i];
        else
            free(window[i]);
    }
}

int main(int argc, char **argv)
{
    struct scenario s;
    struct survivors kept = {NULL, 0};
    uint64_t random = scenario_seed(0);
    size_t most_blocks, rounds;
    void **window;

    scenario_start(&s, "fragmentation", argc, argv);
    bytes_per_phase = (size_t)60 << 20;
    rounds = scenario_scaled(&s, 4);
    most_blocks = bytes_per_phase / 16;
    window = scenario_check(malloc(most_blocks * sizeof *window));
    kept.blocks = scenario_check(malloc(most_blocks * sizeof *window));
    for (size_t n = 0; n < rounds; n++) {
        while (kept.count > 0)
            free(kept.blocks[--kept.count]);
        for (unsigned phase = 0; phase < PHASES; phase++) {
            size_t count = allocate_phase(window, phase, &random);

            free_phase(window, count, &kept, &random);
        }
    }
    free(window);
    scenario_stop_clock(&s);
    scenario_sleep_ms(1000);
    scenario_report_with(&s, "rss_idle_kib", (double)scenario_rss_kib());
    return 0;
}
