// micro_loops: the shims of shims.h under Google Benchmark, each with 1 to 16 threads.
//
// bench/micro runs this under every allocator and reads the counters wall_ns and cpu_ns: the time of
// all threads together by the clock, and the processor time of the process, for each pair. They
// are taken from the first thread's first iteration to the last thread's last.  The times that Google
// Benchmark itself prints are means over threads of what each saw, which with more threads than
// processors is only its own turn.
#include "shims.h"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <ctime>

namespace
{

struct span {
    double start_wall, end_wall, start_cpu, end_cpu;
    double pairs;
};

span spans[SHIM_THREADS_MAX];
shim_thread threads[SHIM_THREADS_MAX];

double now_ns(clockid_t clock)
{
    timespec now;

    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// By the one thread that reports, when all have ended their last iteration.
void report(benchmark::State &state)
{
    span all = spans[0];

    for (int i = 1; i < state.threads(); i++) {
        all.start_wall = std::min(all.start_wall, spans[i].start_wall);
        all.start_cpu = std::min(all.start_cpu, spans[i].start_cpu);
        all.end_wall = std::max(all.end_wall, spans[i].end_wall);
        all.end_cpu = std::max(all.end_cpu, spans[i].end_cpu);
        all.pairs += spans[i].pairs;
    }
    state.counters["wall_ns"] = (all.end_wall - all.start_wall) / all.pairs;
    state.counters["cpu_ns"] = (all.end_cpu - all.start_cpu) / all.pairs;
}

void run_shim(benchmark::State &state, const shim *one)
{
    auto idx = static_cast<size_t>(state.thread_index());
    shim_thread *thread = &threads[idx];
    span *mine = &spans[idx];
    benchmark::IterationCount n = 0;

    shim_thread_init(one, thread, idx, static_cast<size_t>(state.threads()));
    for (auto _ : state) {
        if (n++ == 0) {
            mine->start_wall = now_ns(CLOCK_MONOTONIC);
            mine->start_cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
        }
        one->run(one, thread);
        if (n == state.max_iterations) {
            mine->end_wall = now_ns(CLOCK_MONOTONIC);
            mine->end_cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
            mine->pairs = static_cast<double>(n) * static_cast<double>(shim_pairs(one, thread));
        }
    }
    if (idx == 0)
        report(state);
}

} // namespace

int main(int argc, char **argv)
{
    for (size_t i = 0; i < shim_count; i++) {
        const shim *one = &shim_table[i];

        benchmark::RegisterBenchmark(one->name, run_shim, one)
            ->ThreadRange(static_cast<int>(one->threads_low), static_cast<int>(one->threads_high))
            ->UseRealTime();
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
