/*
 * producer_consumer: one thread allocates, another frees, for a minute.
 *
 * The blow-up case of Berger, McKinley, Blumofe and Wilson, "Hoard" (ASPLOS 2000): an
 * allocator that gives freed blocks to the thread that freed them grows without bound here.
 * At most 4096 blocks are under way, 16-512 bytes, 1 in 64 up to 8 KiB, 1 in 4096 up to
 * 256 KiB: about 1.5 MiB live.
 *
 * Runs 60 s at --scale 1.  Prints Rss after a tenth of the time and the highest after that.
 */
#include "scenario.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SLOTS = 4096 };

static struct {
    void *slots[SLOTS];
    _Alignas(64) atomic_size_t produced;
    _Alignas(64) atomic_size_t consumed;
} ring;
static atomic_int finished; /* 1: asked to stop, 2: the producer has stopped */

static size_t draw_size(uint64_t *random)
{
    uint32_t dice = scenario_random(random) % 4096;

    if (dice == 0)
        return scenario_between(random, 8192, 262144);
    return dice < 64 ? scenario_between(random, 512, 8192) : scenario_between(random, 16, 512);
}

static void produce(void)
{
    uint64_t random = scenario_seed(0);

    for (size_t n = 0; !atomic_load_explicit(&finished, memory_order_relaxed); n++) {
        size_t size = draw_size(&random);
        void *p = scenario_check(malloc(size));

        scenario_touch(p, size);
        while (n - atomic_load_explicit(&ring.consumed, memory_order_acquire) >= SLOTS)
            sched_yield();
        ring.slots[n % SLOTS] = p;
        atomic_store_explicit(&ring.produced, n + 1, memory_order_release);
    }
    atomic_store_explicit(&finished, 2, memory_order_release);
}

static void consume(void)
{
    size_t n = 0;

    for (;;) {
        int last = atomic_load_explicit(&finished, memory_order_acquire) == 2;
        size_t end = atomic_load_explicit(&ring.produced, memory_order_acquire);

        if (n == end && last)
            return;
        if (n == end)
            sched_yield();
        for (; n < end; n++) {
            free(ring.slots[n % SLOTS]);
            atomic_store_explicit(&ring.consumed, n + 1, memory_order_release);
        }
    }
}

static size_t early_rss_kib;
static unsigned duration_ms;

static void watch(void)
{
    scenario_sleep_ms(duration_ms / 10);
    early_rss_kib = scenario_rss_kib();
    for (unsigned tenth = 1; tenth < 10; tenth++) {
        scenario_sleep_ms(duration_ms / 10);
        scenario_note_rss();
    }
    atomic_store_explicit(&finished, 1, memory_order_relaxed);
}

static void work(size_t thread_idx)
{
    static void (*const bodies[])(void) = {produce, consume, watch};

    bodies[thread_idx]();
}

int main(int argc, char **argv)
{
    struct scenario s;

    scenario_start(&s, "producer_consumer", argc, argv);
    duration_ms = (unsigned)scenario_scaled(&s, 60000);
    scenario_run_threads(3, work);
    scenario_stop_clock(&s);
    scenario_report_with(&s, "rss_early_kib", (double)early_rss_kib);
    return 0;
}
