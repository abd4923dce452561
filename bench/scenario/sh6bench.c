/*
 * sh6bench: rising sizes, freed partly in order, partly in reverse, partly late.
 *
 * Models the shbench stress programs of MicroQuill (SmartHeap), version 6: a thread walks
 * through the sizes 1 to 1000 bytes, allocates several blocks of each, the more the smaller;
 * when its window of live blocks is full it frees a quarter of it, one time in the order of
 * allocation and the next time in reverse, and the other quarters survive.
 *
 * A window of 4000 blocks: every class up to 1000 bytes is busy at once, with about
 * 0.9 MB live per thread, the state of a program with many kinds of small objects.
 */
#include "scenario.h"

#include <stdlib.h>

enum { HIGH_BYTES = 1000, WINDOW = 4000, PART = WINDOW / 4 };

static size_t passes;

/* Small sizes more often: 20 of a kind up to 64 bytes, 5 to 256, 1 above. */
static size_t copies_of(size_t size)
{
    if (size <= 64)
        return 20;
    return size <= 256 ? 5 : 1;
}

static void free_part(void **window, size_t part, int reverse)
{
    void **blocks = window + part * PART;

    for (size_t i = 0; i < PART; i++) {
        void **block = reverse ? &blocks[PART - 1 - i] : &blocks[i];

        free(*block);
        *block = NULL;
    }
}

/* Makes room by one of the four parts, the next each time; returns where to go on. */
static size_t make_room(void **window, size_t turn)
{
    free_part(window, turn % 4, (int)(turn & 1));
    return (turn % 4) * PART;
}

static void work(size_t thread_idx)
{
    void *window[WINDOW] = {NULL};
    size_t at = 0, limit = WINDOW, turn = thread_idx;

    for (size_t n = 0; n < passes; n++) {
        for (size_t size = 1; size <= HIGH_BYTES; size++) {
            for (size_t copy = copies_of(size); copy > 0; copy--) {
                if (at == limit) {
                    at = make_room(window, turn++);
                    limit = at + PART;
                }
                window[at] = scenario_check(malloc(size));
                scenario_touch(window[at++], size);
            }
        }
    }
    if (thread_idx == 0)
        scenario_note_rss();
    for (size_t i = 0; i < WINDOW; i++)
        free(window[i]);
}

int main(int argc, char **argv)
{
    struct scenario s;

    scenario_start(&s, "sh6bench", argc, argv);
    passes = scenario_scaled(&s, 24000.0 / s.threads);
    scenario_run_threads(s.threads, work);
    scenario_report(&s);
    return 0;
}
