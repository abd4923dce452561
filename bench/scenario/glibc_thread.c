/*
 * glibc_thread: threads with nothing shared replace random blocks of random size.
 *
 * Models the malloc-thread benchmark of the GNU C Library (benchtests): each thread has a
 * working set of 1024 blocks and replaces a random one by a block whose size falls off with
 * the inverse square between 4 and 32,768 bytes.
 *
 * Half of the blocks are below 8 bytes and one in a thousand above 4 KiB: per-thread paths,
 * with a trickle of big blocks that may thrash what the allocator keeps.
 */
#include "scenario.h"

#include <stdlib.h>

enum { WORKING_SET = 1024, LOW_BYTES = 4, HIGH_BYTES = 32768, TABLE = 4096 };

static size_t replacements;
static unsigned short sizes[TABLE];

/* Inverse transform of a density ~ size^-2 between LOW_BYTES and HIGH_BYTES. */
static void fill_sizes(void)
{
    for (size_t i = 0; i < TABLE; i++) {
        double u = ((double)i + 0.5) / TABLE;
        double inverse = 1.0 / LOW_BYTES - u * (1.0 / LOW_BYTES - 1.0 / HIGH_BYTES);

        sizes[i] = (unsigned short)(1.0 / inverse);
    }
}

static void work(size_t thread_idx)
{
    uint64_t random = scenario_seed(thread_idx);
    void *blocks[WORKING_SET] = {NULL};

    for (size_t n = 0; n < replacements; n++) {
        uint32_t draw = scenario_random(&random);
        void **block = &blocks[draw % WORKING_SET];
        size_t size = sizes[(draw >> 10) % TABLE];

        free(*block);
        *block = scenario_check(malloc(size));
        scenario_touch(*block, size);
    }
    if (thread_idx == 0)
        scenario_note_rss();
    for (size_t i = 0; i < WORKING_SET; i++)
        free(blocks[i]);
}

int main(int argc, char **argv)
{
    struct scenario s;

    scenario_start(&s, "glibc_thread", argc, argv);
    fill_sizes();
    replacements = scenario_scaled(&s, 150e6 / s.threads);
    scenario_run_threads(s.threads, work);
    scenario_report(&s);
    return 0;
}
