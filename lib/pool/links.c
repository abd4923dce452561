/* Links.  The argument stands in links.h. */
#include "pool/links.h"

#include "sys/clock.h"
#include "sys/report.h"

enum { DECKS = 8 };

struct deck {
    struct block *first;
    struct block *last;
};

void ep__links_report(const struct block *block)
{
    ep__report_corruption("the link in a free block was overwritten:", block);
}

void ep__links_check(struct pool *pool, const struct block *chain)
{
    uint32_t left = ep__size_classes[pool->class].capacity;
    for (; chain != NULL; chain = chain->next) {
        if (ep__unlikely(!ep__links_is_sound(pool, chain->next)))
            ep__links_report(chain);
        if (ep__unlikely(left-- == 0))
            ep__report_corruption("a block was freed twice in the pool at", pool->base);
    }
}

/* Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators" (OOPSLA 2014). */
static uint64_t draw(uint64_t *state)
{
    uint64_t bits = *state += UINT64_C(0x9e3779b97f4a7c15);
    bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
    return bits ^ bits >> 31;
}

static void deal(struct deck *deck, struct block *block, bool to_front)
{
    if (deck->first == NULL) {
        block->next = NULL;
        deck->first = deck->last = block;
    } else if (to_front) {
        block->next = deck->first;
        deck->first = block;
    } else {
        block->next = NULL;
        deck->last->next = block;
        deck->last = block;
    }
}

struct block *ep__links_shuffle(struct block *chain)
{
    struct deck decks[DECKS] = {{NULL, NULL}};
    uint64_t state = ep__clock_ns() ^ (uintptr_t)chain;
    while (chain != NULL) {
        struct block *next = chain->next;
        uint64_t bits = draw(&state);
        deal(&decks[bits % DECKS], chain, (bits & DECKS) != 0);
        chain = next;
    }
    for (unsigned i = DECKS; i-- != 0;) {
        if (decks[i].first == NULL)
            continue;
        decks[i].last->next = chain;
        chain = decks[i].first;
    }
    return chain;
}
