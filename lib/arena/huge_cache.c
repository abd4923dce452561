/* The cache of freed huge mappings.  The argument stands in huge_cache.h. */
#include "arena/huge_cache.h"

#include "sys/atomic.h"
#include "sys/bits.h"
#include "sys/vm.h"

enum { SLOTS = 64, UNIT_LOG2 = 12, UNITS_BITS = 28 };
#define UNITS_MASK ((UINT64_C(1) << UNITS_BITS) - 1)
/* A remainder below this is not worth a slot of its own. */
#define REMAINDER_BYTES_MIN ((size_t)256 << 10)

static _Atomic(uint64_t) slots[SLOTS];
static _Atomic(size_t) cached_bytes;

static uint64_t pack(struct mapping mapping)
{
    return (uint64_t)(uintptr_t)mapping.start >> UNIT_LOG2 << UNITS_BITS |
           mapping.bytes >> UNIT_LOG2;
}

static struct mapping unpack(uint64_t word)
{
    struct mapping mapping;
    mapping.start = (char *)(uintptr_t)(word >> UNITS_BITS << UNIT_LOG2);
    mapping.bytes = (size_t)(word & UNITS_MASK) << UNIT_LOG2;
    return mapping;
}

static bool fits_word(struct mapping mapping)
{
    return mapping.bytes >> UNIT_LOG2 <= UNITS_MASK && (uintptr_t)mapping.start >> 48 == 0;
}

/* Takes exactly the mapping that slot i was seen to hold. */
static bool take_slot(unsigned i, uint64_t word)
{
    /* order: acquire HCA -- pairs with place; carries the putter's last accesses to the pages.  ABA: the word
     * is the mapping */
    if (!ep__cas_strong_acquire(&slots[i], &word, 0))
        return false;
    /* order: relaxed -- a counter for a policy */
    ep__fetch_sub_relaxed(&cached_bytes, unpack(word).bytes);
    return true;
}

static bool place(struct mapping mapping)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        uint64_t empty = 0;
        /* order: relaxed -- only saves a swap */
        if (ep__load_relaxed(&slots[i]) != 0)
            continue;
        /* order: relaxed -- before the slot is filled, so that the count is never below what is there */
        ep__fetch_add_relaxed(&cached_bytes, mapping.bytes);
        /* order: release HCA -- pairs with take_slot; carries our accesses to the pages */
        if (ep__cas_strong_release(&slots[i], &empty, pack(mapping)))
            return true;
        /* order: relaxed -- takes the count back */
        ep__fetch_sub_relaxed(&cached_bytes, mapping.bytes);
    }
    return false;
}

/* The slot whose mapping is the smallest of at least `bytes`, or SLOTS; its word in *word. */
static unsigned best_fit(size_t bytes, uint64_t *word)
{
    unsigned best = SLOTS;
    size_t best_bytes = SIZE_MAX;
    for (unsigned i = 0; i < SLOTS; i++) {
        /* order: relaxed -- only chooses; take_slot decides */
        uint64_t seen = ep__load_relaxed(&slots[i]);
        size_t size = unpack(seen).bytes;
        if (seen == 0 || size < bytes || size >= best_bytes)
            continue;
        best = i;
        best_bytes = size;
        *word = seen;
    }
    return best;
}

/* Cuts what is too much off, when it is worth it. */
static void split(struct mapping *got, size_t bytes)
{
    struct mapping rest = {got->start + bytes, got->bytes - bytes};
    if (rest.bytes < REMAINDER_BYTES_MIN || rest.bytes < bytes / 4)
        return;
    if (place(rest))
        got->bytes = bytes;
}

bool ep__huge_cache_take(size_t bytes, struct mapping *got)
{
    uint64_t word = 0;
    unsigned i = best_fit(bytes, &word);
    while (i < SLOTS && !take_slot(i, word))
        i = best_fit(bytes, &word);
    if (i == SLOTS)
        return false;
    *got = unpack(word);
    split(got, bytes);
    return true;
}

bool ep__huge_cache_take_biggest(struct mapping *got)
{
    for (;;) {
        unsigned biggest = SLOTS;
        uint64_t word = 0;
        for (unsigned i = 0; i < SLOTS; i++) {
            /* order: relaxed -- only chooses; take_slot decides */
            uint64_t seen = ep__load_relaxed(&slots[i]);
            if ((seen & UNITS_MASK) > (word & UNITS_MASK)) {
                biggest = i;
                word = seen;
            }
        }
        if (biggest == SLOTS)
            return false;
        *got = unpack(word);
        if (take_slot(biggest, word))
            return true;
    }
}

/* Joins the mapping with one cached neighbour.  False when it has none. */
static bool join(struct mapping *mapping)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        /* order: relaxed -- only chooses; take_slot decides */
        uint64_t word = ep__load_relaxed(&slots[i]);
        struct mapping other = unpack(word);
        bool is_below = word != 0 && other.start + other.bytes == mapping->start;
        bool is_above = word != 0 && mapping->start + mapping->bytes == other.start;
        if ((!is_below && !is_above) || !take_slot(i, word))
            continue;
        if (is_below)
            mapping->start = other.start;
        mapping->bytes += other.bytes;
        return true;
    }
    return false;
}

bool ep__huge_cache_put(struct mapping *mapping)
{
    while (join(mapping)) {
    }
    return fits_word(*mapping) && place(*mapping);
}

size_t ep__huge_cache_bytes(void)
{
    /* order: relaxed -- a counter for a policy */
    return ep__load_relaxed(&cached_bytes);
}
