/* Tallies: counters by key, in a table that only grows.
 *
 * Layer: observe.  Uses: sys.  Used by: profile (by call site and size; by thread).
 *
 * Algorithm.  Open addressing: a key's place is the first one from its hash on that bears the key or none; who finds
 * none puts the key there by compare-and-swap, and who loses looks at the place again.  A key is never taken out, so a
 * tally is good for ever, and its counters are plain sums.  The table is sparse memory, mapped by the first
 * key; when it is three quarters full further keys are counted and have no tally.  Beside it stands in which places keys
 * have been put, one after the other, so that going through the tallies touches no others.  ABA: a place's key is written
 * once.
 *
 * Any thread, beside anything; async-signal-safe.  Progress: lock-free; a step that fails means that a key was added.
 * Edges: TLY (the table, from who maps it).
 */
#ifndef EPMALLOC_OBSERVE_TALLY_H
#define EPMALLOC_OBSERVE_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EP__TALLIES = 1 << 16 };

/* What is counted of samples: as they are, and weighted by what they stand for. */
enum ep__tally_sum {
    EP__ALLOCATED,        /* samples */
    EP__ALLOCATED_BYTES,  /* in them */
    EP__ALLOCATED_UNITS,  /* blocks they stand for, times EP__WEIGHT_ONE */
    EP__ALLOCATED_WEIGHT, /* bytes they stand for */
    EP__FREED,            /* the same of the ones that have been freed since */
    EP__FREED_BYTES,
    EP__FREED_UNITS,
    EP__FREED_WEIGHT,
    EP__PEAK, /* in use when the heap was biggest */
    EP__PEAK_BYTES,
    EP__PEAK_UNITS,
    EP__PEAK_WEIGHT,
    EP__MARK, /* in use at the last mark */
    EP__MARK_BYTES,
    EP__MARK_UNITS,
    EP__MARK_WEIGHT,
    EP__TALLY_SUMS
};

struct tally {
    _Atomic(uint64_t) key; /* 0: none */
    _Atomic(uint64_t) sums[EP__TALLY_SUMS];
};

struct tally_table {
    struct tally places[EP__TALLIES];
    _Atomic(uint32_t) order[EP__TALLIES]; /* places plus 1, by age; 0: not written yet */
};

struct tallies {
    _Atomic(struct tally_table *) table;
    _Atomic(uint32_t) count;
    _Atomic(uint64_t) lost; /* samples that have no tally */
};

/* The tally of a key, which is not 0; NULL: there is no room or memory. */
struct tally *ep__tally_of(struct tallies *tallies, uint64_t key);

/* The *i-th tally, or the first after it that is there already, and *i behind it; NULL: no more. */
struct tally *ep__tally_next(struct tallies *tallies, uint32_t *i);

uint64_t ep__tally_key(struct tally *tally);
uint64_t ep__tally_get(struct tally *tally, unsigned sum);
void ep__tally_set(struct tally *tally, unsigned sum, uint64_t value);

/* Adds to one of the sums; NULL: nothing. */
void ep__tally_add(struct tally *tally, unsigned sum, uint64_t more);

#endif
