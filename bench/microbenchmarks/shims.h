/*
 * shims.h: the loops of the micro-benchmarks, in plain C.
 *
 * Google Benchmark is C++; what it times is here, so that the calls are those of a C program and no
 * C++ construct allocates inside a loop.  A shim is one loop with its sizes; main.cpp runs each
 * with 1 to 16 threads.  One call of `run` is one iteration: `pairs` times a block is
 * allocated and freed.
 */
#ifndef BENCH_SHIMS_H
#define BENCH_SHIMS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { SHIM_BLOCKS = 128, SHIM_THREADS_MAX = 16 };

/* What one thread needs in a loop, made before the clock starts. */
struct shim_thread {
    size_t idx, threads;
    uint64_t random;
    size_t sizes[SHIM_BLOCKS]; /* drawn evenly between the shim's low and high */
    size_t order[SHIM_BLOCKS]; /* 0 .. SHIM_BLOCKS - 1, shuffled */
    void *blocks[SHIM_BLOCKS];
};

struct shim {
    const char *name;
    void (*run)(const struct shim *shim, struct shim_thread *thread);
    size_t low, high;      /* bytes */
    size_t pairs;          /* by one call, of one thread */
    unsigned threads_low;  /* hand-over takes two */
    unsigned threads_high; /* 16, but for what makes threads itself */
};

extern const struct shim shim_table[];
extern const size_t shim_count;

/* The pairs that a call of `run` by this thread stands for: with hand-over not all count. */
size_t shim_pairs(const struct shim *shim, const struct shim_thread *thread);

void shim_thread_init(const struct shim *shim, struct shim_thread *thread, size_t idx,
                      size_t threads);

/* Hand-over (handover.c): every thread of a run makes the same number of calls. */
void shim_hand_one_to_one(const struct shim *shim, struct shim_thread *thread);
void shim_hand_one_to_many(const struct shim *shim, struct shim_thread *thread);
void shim_hand_many_to_one(const struct shim *shim, struct shim_thread *thread);
void shim_hand_round(const struct shim *shim, struct shim_thread *thread);
size_t shim_handed_pairs(const struct shim *shim, const struct shim_thread *thread);

#ifdef __cplusplus
}
#endif

#endif
