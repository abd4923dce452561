/* Tallies.  The argument stands in tally.h. */
#include "observe/tally.h"

#include "sys/atomic.h"
#include "sys/bits.h"
#include "sys/vm.h"

static struct tally_table *get_table(struct tallies *tallies)
{
    /* order: acquire TLY -- pairs with map_table; that the table reads as zero */
    return ep__load_acquire(&tallies->table);
}

static struct tally_table *map_table(struct tallies *tallies)
{
    size_t bytes = ep__round_up(sizeof(struct tally_table), ep__vm_page_bytes());
    struct tally_table *fresh = ep__vm_map_sparse(bytes);
    struct tally_table *none = NULL;
    if (fresh == NULL)
        return NULL;
    /* order: acq_rel TLY -- pairs with get_table and with another map_table.  ABA: written once */
    if (ep__cas_strong_acq_rel(&tallies->table, &none, fresh))
        return fresh;
    (void)ep__vm_unmap(fresh, bytes);
    return none;
}

uint64_t ep__tally_key(struct tally *tally)
{
    /* order: relaxed -- written once; the sums are counters by themselves */
    return ep__load_relaxed(&tally->key);
}

/* Notes in which place a key has been put. */
static void append(struct tallies *tallies, struct tally_table *table, uint32_t place)
{
    /* order: relaxed -- a number that nobody else gets */
    uint32_t i = ep__fetch_add_relaxed(&tallies->count, 1);
    if (i < EP__TALLIES) {
        /* order: relaxed -- who reads it too early sees a key of 0, and leaves the place out */
        ep__store_relaxed(&table->order[i], place + 1);
    }
}

/* Whether the place has the key, or has got it now. */
static bool take_place(struct tallies *tallies, struct tally_table *table, uint32_t place,
                       uint64_t key)
{
    struct tally *tally = &table->places[place];
    uint64_t there = ep__tally_key(tally);
    if (there != 0)
        return there == key;
    /* order: relaxed -- the key alone is the whole of what is published.  ABA: written once */
    if (!ep__cas_strong_relaxed(&tally->key, &there, key))
        return there == key;
    append(tallies, table, place);
    return true;
}

static bool is_full(struct tallies *tallies)
{
    /* order: relaxed -- a bound, kept roughly */
    return ep__load_relaxed(&tallies->count) >= EP__TALLIES / 4 * 3;
}

struct tally *ep__tally_of(struct tallies *tallies, uint64_t key)
{
    struct tally_table *table = get_table(tallies);
    if (table == NULL)
        table = map_table(tallies);
    uint64_t first = key * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    for (unsigned i = 0; table != NULL && i < EP__TALLIES; i++) {
        uint32_t place = (uint32_t)(first + i) % EP__TALLIES;
        if (ep__tally_key(&table->places[place]) == 0 && is_full(tallies))
            break;
        if (take_place(tallies, table, place, key))
            return &table->places[place];
    }
    /* order: relaxed -- statistics */
    ep__fetch_add_relaxed(&tallies->lost, 1);
    return NULL;
}

struct tally *ep__tally_next(struct tallies *tallies, uint32_t *i)
{
    struct tally_table *table = get_table(tallies);
    /* order: relaxed -- what is added meanwhile may be missed */
    uint32_t count = ep__load_relaxed(&tallies->count);
    while (table != NULL && *i < count && *i < EP__TALLIES) {
        /* order: relaxed -- see append */
        uint32_t place = ep__load_relaxed(&table->order[(*i)++]);
        if (place != 0 && ep__tally_key(&table->places[place - 1]) != 0)
            return &table->places[place - 1];
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
