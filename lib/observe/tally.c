/* Tallies.  The argument stands in tally.h. */
#include "observe/tally.h"

#include "sys/atomic.h"
#include "sys/vm.h"

static struct tally *get_table(struct tallies *tallies)
{
    /* order: acquire TLY -- pairs with map_table; that the table reads as zero */
    return ep__load_acquire(&tallies->first);
}

static struct tally *map_table(struct tallies *tallies)
{
    size_t bytes = EP__TALLIES * sizeof(struct tally);
    struct tally *fresh = ep__vm_map_sparse(bytes);
    struct tally *none = NULL;
    if (fresh == NULL)
        return NULL;
    /* order: acq_rel TLY -- pairs with get_table and with another map_table.  ABA: written once */
    if (ep__cas_strong_acq_rel(&tallies->first, &none, fresh))
        return fresh;
    (void)ep__vm_unmap(fresh, bytes);
    return none;
}

uint64_t ep__tally_key(struct tally *tally)
{
    /* order: relaxed -- written once; the sums are counters by themselves */
    return ep__load_relaxed(&tally->key);
}

/* Whether the place has the key, or has got it now. */
static bool take_place(struct tallies *tallies, struct tally *tally, uint64_t key)
{
    uint64_t there = ep__tally_key(tally);
    if (there != 0)
        return there == key;
    /* order: relaxed -- the key alone is the whole of what is published.  ABA: written once */
    if (!ep__cas_strong_relaxed(&tally->key, &there, key))
        return there == key;
    /* order: relaxed -- a bound, kept roughly */
    ep__fetch_add_relaxed(&tallies->count, 1);
    return true;
}

static bool is_full(struct tallies *tallies)
{
    /* order: relaxed -- a bound, kept roughly */
    return ep__load_relaxed(&tallies->count) >= EP__TALLIES / 4 * 3;
}

struct tally *ep__tally_of(struct tallies *tallies, uint64_t key)
{
    struct tally *first = get_table(tallies);
    if (first == NULL)
        first = map_table(tallies);
    uint64_t place = key * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    for (unsigned i = 0; first != NULL && i < EP__TALLIES; i++) {
        struct tally *tally = &first[(place + i) % EP__TALLIES];
        if (ep__tally_key(tally) == 0 && is_full(tallies))
            break;
        if (take_place(tallies, tally, key))
            return tally;
    }
    /* order: relaxed -- statistics */
    ep__fetch_add_relaxed(&tallies->lost, 1);
    return NULL;
}

struct tally *ep__tally_next(struct tallies *tallies, uint32_t *i)
{
    struct tally *first = get_table(tallies);
    while (first != NULL && *i < EP__TALLIES) {
        struct tally *tally = &first[(*i)++];
        if (ep__tally_key(tally) != 0)
            return tally;
    }
    return NULL;
}

uint64_t ep__tally_get(struct tally *tally, unsigned sum)
{
    /* order: relaxed -- statistics */
    return ep__load_relaxed(&tally->sums[sum]);
}

void ep__tally_set(struct tally *tally, unsigned sum, uint64_t value)
{
    /* order: relaxed -- statistics */
    ep__store_relaxed(&tally->sums[sum], value);
}

void ep__tally_add(struct tally *tally, unsigned sum, uint64_t more)
{
    if (tally != NULL) {
        /* order: relaxed -- statistics */
        ep__fetch_add_relaxed(&tally->sums[sum], more);
    }
}
