/* The quarantine.  The argument stands in quarantine.h. */
#include "observe/quarantine.h"

#include "sys/options.h"
#include "sys/own_ranges.h"
#include "sys/vm.h"

enum { PLACES = 1 << 16, OVERHEAD_BYTES = 64 };

struct ring {
    _Atomic(char *) places[PLACES];
};

static _Atomic(struct ring *) the_ring;
static _Atomic(uint64_t) head; /* places below it have been emptied */
static _Atomic(uint64_t) tail; /* places below it have been given out */
static _Atomic(size_t) held_bytes;

static struct ring *get_ring(void)
{
    /* order: acquire QRT -- pairs with the publication below; a mapping reads as zero */
    struct ring *ring = ep__load_acquire(&the_ring);
    if (ep__likely(ring != NULL))
        return ring;
    struct ring *mapped = ep__vm_map(sizeof *mapped);
    if (mapped == NULL)
        return NULL;
    /* order: acq_rel QRT -- pairs with the load above.  ABA: written once */
    if (ep__cas_strong_acq_rel(&the_ring, &ring, mapped)) {
        ep__own_range_note(mapped, sizeof *mapped);
        return mapped;
    }
    (void)ep__vm_unmap(mapped, sizeof *mapped);
    return ring;
}

/* What a block counts for: its bytes, or the address space that it closes. */
static size_t charge_of(const struct tracked *tracked)
{
    size_t guarded = (tracked->flags & EP__TRACKED_GUARDED) != 0 ? EP__SLOT_BYTES : 0;
    return tracked->size + OVERHEAD_BYTES + guarded;
}

/* Lets a block go that the caller has taken out of its place. */
static void release(char *p, void (*let_go)(const struct tracked *))
{
    struct tracked copy;
    struct found found = ep__lookup(p);
    struct tracked_record *record = ep__tracked_find(p, &found);
    if (record == NULL || !ep__record_read(record, &copy))
        return;
    /* order: relaxed -- a bound */
    ep__fetch_sub_relaxed(&held_bytes, charge_of(&copy));
    let_go(&copy);
}

/* Takes what stands in a place, and leaves p there. */
static char *exchange(struct ring *ring, uint64_t number, char *p)
{
    /* order: acq_rel QRT -- one of several takers gets the block, with what was written before it was put in */
    return ep__exchange_acq_rel(&ring->places[number % PLACES], p);
}

/* Empties the oldest place; false: there is none. */
static bool take_oldest(struct ring *ring, char **p)
{
    /* order: relaxed -- the exchange decides who has the block */
    uint64_t first = ep__load_relaxed(&head);
    for (;;) {
        /* order: relaxed -- see above */
        uint64_t end = ep__load_relaxed(&tail);
        if (first >= end)
            return false;
        uint64_t oldest = end - first > PLACES ? end - PLACES : first;
        /* order: relaxed -- numbers only; they never come back */
        if (ep__cas_weak_relaxed(&head, &first, oldest + 1)) {
            *p = exchange(ring, oldest, NULL);
            return true;
        }
    }
}

bool ep__quarantine_evict(void (*let_go)(const struct tracked *))
{
    struct ring *ring = get_ring();
    char *p = NULL;
    while (ring != NULL && p == NULL) {
        if (!take_oldest(ring, &p))
            return false;
    }
    if (p != NULL)
        release(p, let_go);
    return p != NULL;
}

void ep__quarantine_put(const struct tracked *tracked, void (*let_go)(const struct tracked *))
{
    struct ring *ring = get_ring();
    if (ring == NULL) {
        let_go(tracked);
        return;
    }
    /* order: relaxed -- a bound */
    ep__fetch_add_relaxed(&held_bytes, charge_of(tracked));
    /* order: relaxed -- gives numbers out; the exchange carries the block */
    uint64_t number = ep__fetch_add_relaxed(&tail, 1);
    char *before = exchange(ring, number, tracked->address);
    if (before != NULL)
        release(before, let_go);
    while (ep__quarantine_bytes() > ep__option_get(EP__OPTION_CHECK_QUARANTINE)) {
        if (!ep__quarantine_evict(let_go))
            break;
    }
}

void ep__quarantine_flush(void (*let_go)(const struct tracked *))
{
    struct ring *ring = get_ring();
    for (unsigned i = 0; ring != NULL && i < PLACES; i++) {
        char *p = exchange(ring, i, NULL);
        if (p != NULL)
            release(p, let_go);
    }
}

size_t ep__quarantine_bytes(void)
{
    /* order: relaxed -- a bound */
    return ep__load_relaxed(&held_bytes);
}
