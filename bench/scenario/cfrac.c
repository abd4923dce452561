/*
 * cfrac: one thread, big integers as immutable heap values.
 *
 * Modelled on cfrac, the continued-fraction factoring program in the allocation studies of
 * Zorn and Grunwald (1992) and Berger, Zorn and McKinley (PLDI 2001): nearly all its
 * allocations are big integers of a few words that live for a few operations.  This program
 * expands square roots as continued fractions and carries the convergents modulo n, every
 * intermediate value a new block, freed when the next one is there.
 *
 * Two to ten words per value, a few dozen live: the fast path and nothing else, and at a few
 * KiB of live data every page that the allocator itself touches shows in RSS.
 */
#include "scenario.h"

#include <stdlib.h>
#include <string.h>

enum { LIMBS_MAX = 16 };

struct integer {
    unsigned limbs;
    uint32_t limb[]; /* least significant first */
};

static struct integer *make_integer(unsigned limbs)
{
    struct integer *x = scenario_check(malloc(sizeof *x + limbs * sizeof x->limb[0]));

    x->limbs = limbs;
    return x;
}

static struct integer *normalized(struct integer *x)
{
    while (x->limbs > 1 && x->limb[x->limbs - 1] == 0)
        x->limbs--;
    return x;
}

static struct integer *from_word(uint64_t word)
{
    struct integer *x = make_integer(2);

    x->limb[0] = (uint32_t)word;
    x->limb[1] = (uint32_t)(word >> 32);
    return normalized(x);
}

/* a * factor + b, a new value. */
static struct integer *multiply_add(const struct integer *a, uint32_t factor,
                                    const struct integer *b)
{
    unsigned limbs = (a->limbs > b->limbs ? a->limbs : b->limbs) + 1;
    struct integer *x = make_integer(limbs);
    uint64_t carry = 0;

    for (unsigned i = 0; i < limbs; i++) {
        if (i < a->limbs)
            carry += (uint64_t)a->limb[i] * factor;
        if (i < b->limbs)
            carry += b->limb[i];
        x->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return normalized(x);
}

static int compare_integers(const struct integer *a, const struct integer *b)
{
    if (a->limbs != b->limbs)
        return a->limbs < b->limbs ? -1 : 1;
    for (unsigned i = a->limbs; i-- > 0;) {
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    }
    return 0;
}

/* a - b for a >= b, a new value. */
static struct integer *subtract(const struct integer *a, const struct integer *b)
{
    struct integer *x = make_integer(a->limbs);
    int64_t borrow = 0;

    for (unsigned i = 0; i < a->limbs; i++) {
        borrow += (int64_t)a->limb[i] - (i < b->limbs ? (int64_t)b->limb[i] : 0);
        x->limb[i] = (uint32_t)borrow;
        borrow >>= 32;
    }
    return normalized(x);
}

/* x shifted down by half its length: keeps values below LIMBS_MAX. */
static struct integer *halved(const struct integer *x)
{
    unsigned limbs = x->limbs / 2 + 1;
    struct integer *half = make_integer(limbs);

    memcpy(half->limb, x->limb, limbs * sizeof x->limb[0]);
    return normalized(half);
}

static void replace(struct integer **slot, struct integer *value)
{
    free(*slot);
    *slot = value;
}

/* One step of the expansion: the next convergent from the last two. */
static void step(struct integer **last, struct integer **next, uint32_t quotient)
{
    struct integer *convergent = multiply_add(*next, quotient, *last);

    if (compare_integers(convergent, *next) > 0)
        replace(last, subtract(convergent, *next));
    else
        replace(last, from_word(quotient));
    if (convergent->limbs >= LIMBS_MAX)
        replace(&convergent, halved(convergent));
    replace(next, convergent);
}

/* sqrt(n) as a continued fraction: m, d, a are the classic recurrence. */
static uint64_t expand_root(uint64_t n, uint64_t root, size_t steps)
{
    struct integer *last = from_word(1), *next = from_word(root);
    uint64_t m = 0, d = 1, a = root, sum;

    for (size_t i = 0; i < steps; i++) {
        m = d * a - m;
        d = (n - m * m) / d;
        if (d == 0)
            break;
        a = (root + m) / d;
        step(&last, &next, (uint32_t)a);
    }
    sum = next->limb[0];
    free(last);
    free(next);
    return sum;
}

int main(int argc, char **argv)
{
    struct scenario s;
    volatile uint64_t kept = 0;
    size_t rounds;

    scenario_start(&s, "cfrac", argc, argv);
    rounds = scenario_scaled(&s, 8000);
    for (uint64_t n = 0; n < rounds; n++) {
        uint64_t root = 30000000 + n;

        kept += expand_root(root * root + 2 * (n % 1000) + 1, root, 4000);
    }
    scenario_report(&s);
    return 0;
}
