/* Draws.  The argument stands in draw.h. */
#include "observe/draw.h"

#include <stdbool.h>

#include "sys/bits.h"

/* Fixed point with 32 bits behind the point. */
#define ONE ((uint64_t)1 << 32)
#define LN_OF_TWO ((uint64_t)2977044472) /* ln 2 */

uint64_t ep__draw_word(uint64_t *state)
{
    uint64_t word = *state += UINT64_C(0x9e3779b97f4a7c15);
    word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
    return word ^ word >> 31;
}

/* (a * b) >> shift, with all bits of the product. */
static uint64_t multiply(uint64_t a, uint64_t b, unsigned shift)
{
    return (uint64_t)((unsigned __int128)a * b >> shift);
}

uint64_t ep__draw_log(uint64_t word)
{
    unsigned whole = ep__bits_highest(word);
    uint64_t mantissa = word << (63 - whole); /* 1 <= it < 2, with 63 bits behind the point */
    uint64_t log = whole;
    for (unsigned i = 0; i < 32; i++) {
        /* The square's whole bits, 1 to 3, say the logarithm's next one: whether it is 2 or more. */
        mantissa = multiply(mantissa, mantissa, 64);
        bool is_two = mantissa >> 63 != 0;
        mantissa <<= !is_two;
        log = log << 1 | is_two;
    }
    return multiply(64 * ONE - log, LN_OF_TWO, 32);
}

uint64_t ep__draw_bytes(uint64_t *state, uint64_t interval)
{
    uint64_t word = ep__draw_word(state);
    return multiply(ep__draw_log(word + (word == 0)), interval, 32);
}

uint64_t ep__draw_blocks(uint64_t *state, uint64_t interval, uint64_t bytes)
{
    uint64_t word = ep__draw_word(state);
    /* At most 64 * ln 2 intervals of 2^32 bytes, with 16 bits behind the point. */
    uint64_t distance = multiply(ep__draw_log(word + (word == 0)), interval, 16);
    return distance / bytes >> 16;
}

/* x / (1 - exp(-x)) for 0 <= x <= 1: 1 + x/2 + x^2/12 - x^4/720 + x^6/30240. */
static uint64_t scale(uint64_t x)
{
    uint64_t square = multiply(x, x, 32);
    uint64_t fourth = multiply(square, square, 32);
    uint64_t sixth = multiply(fourth, square, 32);
    return ONE + x / 2 + square / 12 - fourth / 720 + sixth / 30240;
}

uint64_t ep__draw_weight(uint64_t bytes, uint64_t interval)
{
    enum { CERTAIN = 24 }; /* intervals: exp(-24) is less than the last bit */
    if (bytes / CERTAIN >= interval)
        return EP__WEIGHT_ONE;
    uint64_t x = (uint64_t)(((unsigned __int128)bytes << 32) / interval);
    if (x <= ONE)
        return (uint64_t)((unsigned __int128)scale(x) * interval / bytes >> 16);
    unsigned halvings = 0;
    for (; x > ONE; x >>= 1)
        halvings++;
    uint64_t power = ONE - (uint64_t)(((unsigned __int128)x << 32) / scale(x)); /* exp(-x) */
    for (; halvings != 0; halvings--)
        power = multiply(power, power, 32);
    return (ONE << 16) / (ONE - power);
}

uint64_t ep__draw_weigh(uint64_t bytes, uint64_t weight)
{
    unsigned __int128 product = (unsigned __int128)bytes * weight / EP__WEIGHT_ONE;
    return product > UINT64_MAX ? UINT64_MAX : (uint64_t)product;
}
