/*
 * malloc_large: a few big buffers, replaced at random.
 *
 * Models the malloc-large program of the mimalloc-bench collection (after a report of a
 * service whose frames were megabytes long): 20 live buffers of 5-25 MiB, a random one is
 * freed, and one of another size is allocated and zeroed.
 *
 * About 300 MiB live.  What decides is whether the pages of a freed buffer go to the system
 * and are faulted in again or are used again, and how many are kept for it.
 */
#include "scenario.h"

#include <cstring>
#include <memory>

namespace
{

constexpr size_t buffers = 20;
constexpr size_t low_bytes = 5u << 20, high_bytes = 25u << 20;

} // namespace

int main(int argc, char **argv)
{
    scenario s;
    std::unique_ptr<char[]> live[buffers];
    uint64_t random = scenario_seed(0);

    scenario_start(&s, "malloc_large", argc, argv);
    size_t steps = scenario_scaled(&s, 1000);

    for (size_t n = 0; n < steps; n++) {
        size_t i = scenario_below(&random, buffers);
        size_t size = scenario_between(&random, low_bytes, high_bytes);

        live[i].reset();
        live[i] = std::make_unique<char[]>(size);
    }
    scenario_report(&s);
    return 0;
}
