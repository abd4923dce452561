/* Draws: when to sample, and what a sample stands for; in whole numbers.
 *
 * Layer: observe.  Uses: sys.  Used by: sampling, profile.
 *
 * Sampling points are a Poisson process over the bytes that are allocated, one in `interval` bytes on average.  So a
 * block of s bytes is sampled with probability p = 1 - exp(-s / interval), whatever was sampled before; the number of
 * blocks of one size before the next sampled one is geometric; and a sample that stands for 1 / p blocks makes every
 * sum unbiased, for small blocks and for big ones.
 *
 * Everything is fixed point, because a variant of the library is compiled without floating point: a logarithm takes 32
 * squarings (one bit each), about 0.1 us, once a sample.
 *
 * Source: the correction by size is that of tcmalloc's and Go's heap profiles (Go's runtime/pprof, scaleHeapSample).
 * Pure functions, but for the state of the generator, which belongs to one thread.  Wait-free.
 */
#ifndef EPMALLOC_OBSERVE_DRAW_H
#define EPMALLOC_OBSERVE_DRAW_H

#include <stdint.h>

enum { EP__WEIGHT_ONE = 1 << 16 };
/* The longest interval, in bytes. */
#define EP__INTERVAL_MAX ((uint64_t)1 << 32)

/* The next of a sequence of equally distributed words.  Source: Steele, Lea, Flood, SplitMix, OOPSLA 2014. */
uint64_t ep__draw_word(uint64_t *state);

/* -ln(word / 2^64), times 2^32; 0 < word. */
uint64_t ep__draw_log(uint64_t word);

/* Bytes to the next sampling point. */
uint64_t ep__draw_bytes(uint64_t *state, uint64_t interval);

/* Blocks of a size before the next sampled one: 0, 1, ... */
uint64_t ep__draw_blocks(uint64_t *state, uint64_t interval, uint64_t bytes);

/* How many blocks a sampled block of a size stands for, times EP__WEIGHT_ONE; 0 < bytes. */
uint64_t ep__draw_weight(uint64_t bytes, uint64_t interval);

/* bytes * weight / EP__WEIGHT_ONE, or UINT64_MAX where that is too much. */
uint64_t ep__draw_weigh(uint64_t bytes, uint64_t weight);

#endif
