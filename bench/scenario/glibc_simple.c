/*
 * glibc_simple: allocate a number of equal blocks, free them in the same order.
 *
 * Models the malloc-simple benchmark of the GNU C Library (benchtests): for block counts of
 * 25, 100, 400 and 1600 and sizes from 8 to 1024 bytes all blocks are allocated, then freed
 * first to last, over and over.
 *
 * The purest loop over malloc and free in which lists are longer than one block; up to
 * 1.6 MB live for the largest size, but mostly inside the caches, so instructions decide.
 */
#include "scenario.h"

#include <stdlib.h>

enum { MAX_BLOCKS = 1600, PAIRS_PER_STEP = 40000 };

static void run_step(size_t size, size_t count)
{
    static void *blocks[MAX_BLOCKS];

    for (size_t n = 0; n < PAIRS_PER_STEP / count; n++) {
        for (size_t i = 0; i < count; i++)
            blocks[i] = scenario_check(malloc(size));
        for (size_t i = 0; i < count; i++)
            free(blocks[i]);
    }
}

/* Every size once at its highest count, so that Rss is noted at the fullest. */
static void note_fullest(size_t size)
{
    void *blocks[MAX_BLOCKS];

    for (size_t i = 0; i < MAX_BLOCKS; i++)
        blocks[i] = scenario_check(malloc(size));
    scenario_note_rss();
    for (size_t i = 0; i < MAX_BLOCKS; i++)
        free(blocks[i]);
}

int main(int argc, char **argv)
{
    static const size_t counts[] = {25, 100, 400, 1600};
    static const size_t sizes[] = {8, 16, 32, 64, 128, 256, 512, 1024};
    struct scenario s;
    size_t rounds;

    scenario_start(&s, "glibc_simple", argc, argv);
    rounds = scenario_scaled(&s, 75);
    for (size_t n = 0; n < rounds; n++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            for (size_t j = 0; j < sizeof counts / sizeof *counts; j++)
                run_step(sizes[i], counts[j]);
        }
    }
    scenario_stop_clock(&s);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        note_fullest(sizes[i]);
    scenario_report(&s);
    return 0;
}
