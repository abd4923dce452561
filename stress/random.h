/* Random numbers that can be replayed: one generator per thread, seeded by the program's seed and the
 * thread's place in the run, so that a thread does the same again whatever the others do.
 *
 * The generator is splitmix64 (Steele, Lea, Flood, OOPSLA 2014).
 */
#ifndef STRESS_RANDOM_H
#define STRESS_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stress_random {
    uint64_t state;
};

static inline uint64_t stress_hash(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31);
}

static inline struct stress_random stress_random_at(uint64_t seed, uint64_t major, uint64_t minor)
{
    uint64_t place = stress_hash(major * 0x9e3779b97f4a7c15U + 1) + minor;
    return (struct stress_random){stress_hash(seed ^ stress_hash(place + 0x9e3779b97f4a7c15U))};
}

static inline uint64_t stress_random_next(struct stress_random *random)
{
    random->state += 0x9e3779b97f4a7c15U;
    return stress_hash(random->state);
}

/* A number below `bound`; 1 <= bound.  The bias of the remainder does not matter here. */
static inline size_t stress_random_below(struct stress_random *random, size_t bound)
{
    return (size_t)(stress_random_next(random) % bound);
}

/* True `share` times in `whole`. */
static inline bool stress_random_chance(struct stress_random *random, unsigned share,
                                        unsigned whole)
{
    return stress_random_next(random) % whole < share;
}

/* A size from `low` to `high`, each doubling as likely as the next; 1 <= low <= high. */
static inline size_t stress_random_size(struct stress_random *random, size_t low, size_t high)
{
    unsigned doublings = 0;
    while ((low << doublings) < high)
        doublings++;
    size_t base = low << stress_random_below(random, doublings + 1U);
    size_t size = base + stress_random_below(random, base);
    return size > high ? high : size;
}

#endif
