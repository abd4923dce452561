/* The profile: what samples add up to, by call site, by thread and by lifetime.
 *
 * Layer: observe.  Uses: sys, draw, stack_table, tally.  Used by: sampling, pprof, heap_text, leaks.
 *
 * Nouns: a *site* is a call stack and a *group* of sizes: a size class, or above the classes an eighth of a doubling.
 * So all samples of a site were equally probable, or nearly: a reader that corrects sums by the mean size of a site (jeprof)
 * is right.  A *sample* is a sampled block; it stands for `units` blocks (draw.h).
 *
 * Algorithm.  A sample adds to its site's sums and to its thread's, and to the sums of the frees when it is freed; what is
 * in use is the difference.  When the heap is 1/16 bigger than it ever was, the sites' sums in use are copied as
 * the peak's, by the thread that finds it so; another that finds it meanwhile goes on without.  A copy beside allocating
 * threads is blurred by what they allocate during it.
 *
 * Any thread, beside anything; async-signal-safe.  Progress: wait-free but for tallies.
 * Edges: PKC (a copy of the peak, from one that copies to the next).
 */
#ifndef EPMALLOC_OBSERVE_PROFILE_H
#define EPMALLOC_OBSERVE_PROFILE_H

#include "observe/tally.h"

enum { EP__LIFETIMES = 48, EP__SITE_GROUPS = 512 };

/* What a profile is about. */
enum ep__profile_kind {
    EP__PROFILE_HEAP,   /* allocated since the start, and in use now */
    EP__PROFILE_PEAK,   /* in use when the heap was biggest */
    EP__PROFILE_GROWTH, /* in use now and not at the mark */
};

struct sample {
    uint32_t stack;  /* in the stack table */
    uint32_t thread; /* the kernel's number */
    uint64_t bytes;  /* of the block */
    uint64_t interval;
};

/* What a site, a thread or all have in use, or had: samples, their bytes, blocks they stand for (times
 * EP__WEIGHT_ONE), bytes they stand for. */
struct amounts {
    uint64_t samples;
    uint64_t sampled_bytes;
    uint64_t units;
    uint64_t bytes;
};

extern struct tallies ep__profile_sites;
extern struct tallies ep__profile_threads;

/* The bytes that a sample stands for. */
uint64_t ep__profile_weight(const struct sample *sample);

/* Counts a sample, and its end after a life of `lived_ns`. */
void ep__profile_add(const struct sample *sample);
void ep__profile_end(const struct sample *sample, uint64_t lived_ns);

/* Notes what every site has in use now. */
void ep__profile_mark(void);

/* Amounts of a tally: all that was allocated, and what is in use as a kind of profile sees it. */
struct amounts ep__profile_allocated(struct tally *tally);
struct amounts ep__profile_in_use(struct tally *tally, enum ep__profile_kind kind);

/* The bytes in use that all samples stand for, and the most that was copied. */
uint64_t ep__profile_bytes(void);
uint64_t ep__profile_peak_bytes(void);

/* Blocks (times EP__WEIGHT_ONE) that have lived 2^i to 2^(i+1) ns. */
uint64_t ep__profile_lifetime(unsigned i);

/* The group of a size. */
unsigned ep__profile_group(uint64_t bytes);

static inline uint32_t ep__profile_stack(struct tally *site)
{
    return (uint32_t)(ep__tally_key(site) >> 32);
}

#endif
