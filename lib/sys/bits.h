/* Bit and size arithmetic.  Layer: sys.  Pure functions of their arguments. */
#ifndef EPMALLOC_SYS_BITS_H
#define EPMALLOC_SYS_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EP__CACHE_LINE_BYTES 64

#define ep__likely(condition) __builtin_expect(!!(condition), 1)
#define ep__unlikely(condition) __builtin_expect(!!(condition), 0)
#define EP__COLD __attribute__((cold, noinline))
#define EP__NOINLINE __attribute__((noinline))
#define EP__INLINE static inline __attribute__((always_inline))

/* The index of the lowest set bit.  The word must not be 0. */
static inline unsigned ep__bits_lowest(uint64_t word)
{
    return (unsigned)__builtin_ctzll(word);
}

/* The index of the highest set bit.  The word must not be 0. */
static inline unsigned ep__bits_highest(uint64_t word)
{
    return 63U - (unsigned)__builtin_clzll(word);
}

static inline unsigned ep__bits_count(uint64_t word)
{
#if defined(__POPCNT__) || !defined(__x86_64__)
    return (unsigned)__builtin_popcountll(word);
#else
    /* What the builtin calls here lies in the compiler's library, on a page of code of its own. */
    const uint64_t pairs = UINT64_C(0x5555555555555555);
    const uint64_t fours = UINT64_C(0x3333333333333333);
    const uint64_t bytes = UINT64_C(0x0f0f0f0f0f0f0f0f);
    word -= word >> 1 & pairs;
    word = (word & fours) + (word >> 2 & fours);
    word = (word + (word >> 4)) & bytes;
    return (unsigned)(word * UINT64_C(0x0101010101010101) >> 56);
#endif
}

/* A word with `count` ones from bit `first` upward; 1 <= count, first + count <= 64. */
static inline uint64_t ep__bits_range(unsigned first, unsigned count)
{
    return (~(uint64_t)0 >> (64U - count)) << first;
}

/* Bit i of the result is set exactly when bits i .. i+count-1 of `word` are set; 1 <= count <= 64. */
static inline uint64_t ep__bits_runs(uint64_t word, unsigned count)
{
    unsigned have = 1;
    while (have < count) {
        unsigned shift = have <= count - have ? have : count - have;
        word &= word >> shift;
        have += shift;
    }
    return word;
}

static inline bool ep__is_power_of_two(size_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/* Rounding to a power-of-two unit.  The caller has excluded overflow. */
static inline size_t ep__round_up(size_t value, size_t unit)
{
    return (value + unit - 1) & ~(unit - 1);
}

static inline size_t ep__round_down(size_t value, size_t unit)
{
    return value & ~(unit - 1);
}

/* log2 of the smallest power of two that is at least `value`; 1 <= value. */
static inline unsigned ep__log2_ceil(uint64_t value)
{
    return value <= 1 ? 0 : ep__bits_highest(value - 1) + 1;
}

#endif
