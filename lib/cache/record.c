/* Records.  The argument stands in record.h. */
#include "cache/record.h"

#include <string.h>

#include "sys/own_ranges.h"
#include "sys/vm.h"

enum {
    ADDRESS_BITS = 48,
    NODE_LOG2 = 13,
    VALUES = 7, /* 64-bit words of a record beside its state */
};

struct record_area {
    _Atomic(uint32_t) used[EP__ARENA_SLOTS]; /* records below it may have been used */
    struct tracked_record records[EP__ARENA_SLOTS][EP__CAPACITY_MAX];
};

struct record_node {
    _Atomic(struct record_area *) areas[(size_t)1 << NODE_LOG2];
};

static _Atomic(struct record_node *) roots[(size_t)1 << NODE_LOG2];

static size_t place_in_node(const void *start)
{
    return (uintptr_t)start >> EP__ARENA_LOG2 & (((size_t)1 << NODE_LOG2) - 1);
}

static _Atomic(struct record_node *) *root_of(const void *start)
{
    uintptr_t i = (uintptr_t)start >> (EP__ARENA_LOG2 + NODE_LOG2);
    return i < (size_t)1 << NODE_LOG2 ? &roots[i] : NULL;
}

static unsigned slot_of(const void *start)
{
    return (unsigned)((uintptr_t)start >> EP__SLOT_LOG2) % EP__ARENA_SLOTS;
}

/* A mapping of zeroes, published in *link; what another has published first. */
static struct record_node *make_node(_Atomic(struct record_node *) *link)
{
    struct record_node *node = ep__vm_map(sizeof *node);
    struct record_node *none = NULL;
    if (node == NULL)
        return NULL;
    /* order: acq_rel RCA -- pairs with find_node; a mapping reads as zero to all who get it.  ABA: written once */
    if (ep__cas_strong_acq_rel(link, &none, node))
        return node;
    (void)ep__vm_unmap(node, sizeof *node);
    return none;
}

static struct record_node *find_node(const void *start)
{
    _Atomic(struct record_node *) *link = root_of(start);
    /* order: acquire RCA -- pairs with make_node */
    return link == NULL ? NULL : ep__load_acquire(link);
}

static size_t area_bytes(void)
{
    return ep__round_up(sizeof(struct record_area), ep__vm_page_bytes());
}

static struct record_area *make_area(_Atomic(struct record_area *) *link)
{
    struct record_area *area = ep__vm_map(area_bytes());
    struct record_area *none = NULL;
    if (area == NULL)
        return NULL;
    /* order: acq_rel RCA -- pairs with find_area; a mapping reads as zero to all who get it.  ABA: written once */
    if (ep__cas_strong_acq_rel(link, &none, area)) {
        ep__own_range_note(area, area_bytes());
        return area;
    }
    (void)ep__vm_unmap(area, area_bytes());
    return none;
}

static struct record_area *find_area(const void *start)
{
    struct record_node *node = find_node(start);
    /* order: acquire RCA -- pairs with make_area */
    return node == NULL ? NULL : ep__load_acquire(&node->areas[place_in_node(start)]);
}

static struct record_area *find_or_make_area(const void *start)
{
    struct record_area *area = find_area(start);
    if (ep__likely(area != NULL) || root_of(start) == NULL)
        return area;
    struct record_node *node = find_node(start);
    if (node == NULL)
        node = make_node(root_of(start));
    return node == NULL ? NULL : make_area(&node->areas[place_in_node(start)]);
}

struct tracked_record *ep__record_make(const void *start, uint32_t i)
{
    struct record_area *area = find_or_make_area(start);
    if (area == NULL)
        return NULL;
    _Atomic(uint32_t) *used = &area->used[slot_of(start)];
    /* order: relaxed -- who visits all records may miss one that is just being made */
    uint32_t seen = ep__load_relaxed(used);
    /* order: relaxed -- it only grows.  ABA: a number that came back is as good */
    while (seen <= i && !ep__cas_weak_relaxed(used, &seen, i + 1)) {
    }
    return &area->records[slot_of(start)][i];
}

struct tracked_record *ep__record_find(const void *start, uint32_t i)
{
    struct record_area *area = find_area(start);
    return area == NULL ? NULL : &area->records[slot_of(start)][i];
}

static enum ep__record_state state_of(uint64_t word)
{
    return (enum ep__record_state)(word & 0xff);
}

static uint64_t make_word(uint64_t before, uint32_t front, uint32_t flags,
                          enum ep__record_state state)
{
    uint64_t generation = (before >> 32) + 1;
    return generation << 32 | (uint64_t)(front & 0xffff) << 16 | (uint64_t)(flags & 0xff) << 8 |
           (uint64_t)state;
}

/* The same record in another state. */
static uint64_t next_word(uint64_t word, enum ep__record_state state)
{
    return make_word(word, (uint32_t)(word >> 16), (uint32_t)(word >> 8), state);
}

bool ep__record_read(struct tracked_record *record, struct tracked *copy)
{
    uint64_t values[VALUES];
    uint64_t before;
    uint64_t after;
    do {
        /* order: acquire RCD -- pairs with ep__record_begin and ep__record_end; carries the values */
        before = ep__load_acquire(&record->word);
        for (unsigned i = 0; i < VALUES; i++) {
            /* order: acquire RCD -- who sees a later life's value sees the word of that life below */
            values[i] = ep__load_acquire(&record->values[i]);
        }
        /* order: relaxed -- the loads above stand before it */
        after = ep__load_relaxed(&record->word);
    } while (before != after);
    memcpy(copy, values, sizeof values);
    copy->front = (uint32_t)(before >> 16) & 0xffff;
    copy->flags = (uint32_t)(before >> 8) & 0xff;
    copy->state = state_of(before);
    if (copy->state == EP__RECORD_BEGUN)
        *copy = (struct tracked){.state = EP__RECORD_NONE};
    return copy->state != EP__RECORD_NONE;
}

static void store_value(struct tracked_record *record, unsigned i, uint64_t value)
{
    /* order: release RCD -- pairs with ep__record_read; carries the end of the earlier life */
    ep__store_release(&record->values[i], value);
}

void ep__record_begin(struct tracked_record *record, const struct tracked *values)
{
    uint64_t words[VALUES];
    memcpy(words, values, sizeof words);
    /* order: relaxed -- nobody but the holder of the block changes the word of a record that is NONE */
    uint64_t before = next_word(ep__load_relaxed(&record->word), EP__RECORD_BEGUN);
    /* order: release RCD -- pairs with ep__record_read; each value carries it on */
    ep__store_release(&record->word, before);
    for (unsigned i = 0; i < VALUES; i++)
        store_value(record, i, words[i]);
    /* order: release RCD -- pairs with ep__record_read and ep__record_end; carries the values */
    ep__store_release(&record->word,
                      make_word(before, values->front, values->flags, EP__RECORD_LIVE));
}

bool ep__record_end(struct tracked_record *record, enum ep__record_state next, struct tracked *copy)
{
    (void)ep__record_read(record, copy);
    /* order: acquire RCD -- pairs with ep__record_begin */
    uint64_t word = ep__load_acquire(&record->word);
    while (state_of(word) == EP__RECORD_LIVE) {
        /* order: acq_rel RCD -- one of several frees wins; the next life's values are stored after it.  ABA: the same
         * generation is the same life */
        if (ep__cas_weak_acq_rel(&record->word, &word, next_word(word, next)))
            return true;
    }
    return false;
}

void ep__record_note_free(struct tracked_record *record, uint32_t thread, uint32_t stack)
{
    uint64_t value;
    uint32_t halves[2] = {thread, stack};
    memcpy(&value, halves, sizeof value);
    store_value(record, VALUES - 1, value);
}

bool ep__record_drop(struct tracked_record *record)
{
    /* order: acquire RCD -- pairs with ep__record_end */
    uint64_t word = ep__load_acquire(&record->word);
    if (state_of(word) != EP__RECORD_KEPT)
        return false;
    /* order: acq_rel RCD -- as in ep__record_end.  ABA: the same generation is the same life */
    return ep__cas_strong_acq_rel(&record->word, &word, next_word(word, EP__RECORD_NONE));
}

/* What goes through all records. */
struct visitor {
    int (*visit)(const struct tracked *tracked, void *argument);
    void *argument;
};

static int visit_slot(struct record_area *area, unsigned slot, const struct visitor *visitor)
{
    int result = 0;
    /* order: relaxed -- see ep__record_make */
    uint32_t used = ep__load_relaxed(&area->used[slot]);
    for (uint32_t i = 0; i < used && result == 0; i++) {
        struct tracked tracked;
        if (ep__record_read(&area->records[slot][i], &tracked))
            result = visitor->visit(&tracked, visitor->argument);
    }
    return result;
}

static int visit_node(struct record_node *node, const struct visitor *visitor)
{
    int result = 0;
    for (size_t i = 0; i < (size_t)1 << NODE_LOG2 && result == 0; i++) {
        /* order: acquire RCA -- pairs with make_area */
        struct record_area *area = ep__load_acquire(&node->areas[i]);
        for (unsigned slot = 0; area != NULL && slot < EP__ARENA_SLOTS && result == 0; slot++)
            result = visit_slot(area, slot, visitor);
    }
    return result;
}

int ep__record_each(int (*visit)(const struct tracked *tracked, void *argument), void *argument)
{
    struct visitor visitor = {visit, argument};
    int result = 0;
    for (size_t i = 0; i < (size_t)1 << NODE_LOG2 && result == 0; i++) {
        /* order: acquire RCA -- pairs with make_node */
        struct record_node *node = ep__load_acquire(&roots[i]);
        if (node != NULL)
            result = visit_node(node, &visitor);
    }
    return result;
}
