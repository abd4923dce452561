/*
 * alloc_test: random replacement in a table, hot slots more often than cold ones.
 *
 * Models the allocator test of Ignatchenko, Ivanchykhin and Bushmitch, "Testing Memory
 * Allocators: ptmalloc2 vs tcmalloc vs hoard vs jemalloc while trying to simulate
 * real-world loads" (itHare, 2018): a thread picks a slot by a Pareto-like law; an empty
 * slot gets a block, an occupied one is read through and freed.  Sizes are spread evenly
 * over the powers of two to 1 KiB, each equally likely, so small blocks dominate.
 *
 * 60,000 slots per process, half of them occupied by 220 bytes on average, 6.5 MB live: more than
 * the L2 cache, so the allocator's own cache misses count.  Threads share nothing; every thread
 * does the same work.
 */
#include "scenario.h"

#include <cstring>
#include <new>

namespace
{

constexpr size_t slots_in_all = 60000;
constexpr unsigned size_log2_low = 3, size_log2_high = 10;

struct slot {
    char *block;
    size_t size;
};

size_t steps, slots_per_thread;

/* The square of an even draw: 10 % of the slots get about a third of the visits. */
size_t draw_slot(uint64_t *random)
{
    uint64_t x = scenario_random(random);

    return static_cast<size_t>(((x * x >> 32) * slots_per_thread) >> 32);
}

size_t draw_size(uint64_t *random)
{
    size_t low = size_t{1} << scenario_between(random, size_log2_low, size_log2_high - 1);

    return low + scenario_below(random, low);
}

unsigned read_block(const slot &s)
{
    unsigned sum = 0;

    for (size_t i = 0; i < s.size; i += 64)
        sum += static_cast<unsigned char>(s.block[i]);
    return sum;
}

void visit(slot &s, uint64_t *random, unsigned *sum)
{
    if (s.block != nullptr) {
        *sum += read_block(s);
        delete[] s.block;
        s.block = nullptr;
        return;
    }
    s.size = draw_size(random);
    s.block = new char[s.size];
    memset(s.block, static_cast<int>(s.size), s.size);
}

void work(size_t thread_idx)
{
    uint64_t random = scenario_seed(thread_idx);
    slot *slots = new slot[slots_per_thread]();
    volatile unsigned kept = 0;
    unsigned sum = 0;

    for (size_t n = 0; n < steps; n++)
        visit(slots[draw_slot(&random)], &random, &sum);
    kept = sum;
    (void)kept;
    for (size_t i = 0; i < slots_per_thread; i++)
        delete[] slots[i].block;
    delete[] slots;
}

} // namespace

int main(int argc, char **argv)
{
    scenario s;

    scenario_start(&s, "alloc_test", argc, argv);
    steps = scenario_scaled(&s, (s.threads == 1 ? 30e6 : 60e6) / s.threads);
    slots_per_thread = slots_in_all / s.threads;
    scenario_run_threads(s.threads, work);
    scenario_report(&s);
    return 0;
}
