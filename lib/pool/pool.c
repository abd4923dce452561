/* The ownership word's transitions.  The argument stands in pool.h. */
#include "pool/pool.h"

#include "pool/links.h"
#include "pool/partial.h"
#include "pool/pool_events.h"
#include "sys/options.h"
#include "sys/report.h"

static struct block *block_at(const struct pool *pool, uint32_t head)
{
    return head == EP__POOL_NO_HEAD ? NULL
                                    : (struct block *)(void *)(pool->base + ((size_t)head << 4));
}

static uint32_t head_of(const struct pool *pool, const struct block *block)
{
    return (uint32_t)((const char *)block - pool->base) >> 4;
}

/* The word of an owner who has taken everything, or of a pool in a state without a list. */
static uint64_t word_without_list(enum ep__pool_state state, uint32_t generation)
{
    return ep__word_make(EP__POOL_NO_HEAD, 0, state, generation);
}

uint32_t ep__pool_count_chain(const struct block *chain)
{
    uint32_t count = 0;
    for (; chain != NULL && count <= EP__CAPACITY_MAX; chain = chain->next)
        count++;
    return count;
}

uint32_t ep__pool_join(struct pool *pool, struct block *chain)
{
    uint32_t capacity = ep__size_classes[pool->class].capacity;
    uint32_t count = 0;
    struct block *last = NULL;
    if (ep__unlikely(ep__option_get(EP__OPTION_CHECK_LINKS)))
        ep__links_check(pool, chain);
    for (struct block *block = chain; block != NULL && count <= capacity; block = block->next) {
        last = block;
        count++;
    }
    if (ep__unlikely(count > capacity))
        ep__report_corruption("a block was freed twice in the pool at", pool->base);
    if (last != NULL) {
        last->next = pool->list;
        pool->list = chain;
    }
    return count;
}

/* Says what each slot is.  Every acquisition writes all its entries. */
static void write_kinds(const struct slots *slots, uint8_t kind)
{
    _Atomic(uint8_t) *kinds = &slots->arena->kinds[slots->first];
    /* order: relaxed -- whoever reads it for a block got the block from us, with an order; who reads it for a
     * hint checks again after its compare-and-swap */
    ep__store_relaxed(&kinds[0], kind);
    for (unsigned i = 1; i < slots->count; i++) {
        /* order: relaxed -- see above */
        ep__store_relaxed(&kinds[i], (uint8_t)(EP__KIND_INNER + i));
    }
}

/* The descriptor of the first of the slots, its constants set.  Written once, so that searchers may read them. */
struct pool *ep__pool_describe(const struct slots *slots)
{
    struct arena *arena = slots->arena;
    struct pool *pool = ep__pool_at(arena->window, arena->id * EP__ARENA_SLOTS + slots->first);
    if (pool->arena == NULL) {
        pool->arena = arena;
        pool->slot = (uint8_t)slots->first;
        pool->base = ep__arena_slot_start(arena, slots->first);
    }
    if (ep__unlikely(ep__word_state(ep__pool_word(pool)) != EP__FREE))
        ep__report_corruption("a free slot's pool is not FREE at", pool->base);
    return pool;
}

struct pool *ep__pool_acquire(unsigned kind, uint32_t colour, bool from_new_arena)
{
    const struct size_class *size = &ep__size_classes[ep__kind_class(kind)];
    struct slots got;
    if (!(from_new_arena ? ep__arena_create : ep__arena_acquire)(size->slots, 1, &got))
        return NULL;
    struct pool *pool = ep__pool_describe(&got);
    /* order: relaxed -- see ep__pool_start */
    ep__store_relaxed(&pool->start, (uint16_t)(colour % size->colours * size->colour_bytes));
    pool->is_zero = got.is_zero;
    pool->list = NULL;
    pool->listed = pool->carved = pool->mark = 0;
    pool->holes = 0;
    pool->class = (uint8_t)ep__kind_class(kind);
    pool->kind = (uint8_t)kind;
    pool->place = EP__IN_NONE;
    for (unsigned i = 0; i < got.count; i++)
        pool[i].distance = (uint8_t)i;
    ep__pool_wind(pool, &pool->list, 0);
    write_kinds(&got, (uint8_t)kind);
    uint64_t before = ep__pool_word(pool);
    uint64_t word = word_without_list(EP__OWNED, ep__word_generation(before) + 1);
    /* order: release OWN -- pairs with walkers that read the word before the kind; nobody changes a FREE word
     * but its slots' holder */
    ep__store_release(&pool->word, word);
    ep__pool_events_tell(pool, EP__EVENT_POOL_ACQUIRED, pool->class, (struct change){before, word});
    return pool;
}

static _Atomic(int64_t) hole_pages;

void ep__pool_note_holes(int64_t more_pages)
{
    /* order: relaxed -- statistics; a pool's are counted by who owns it */
    ep__fetch_add_relaxed(&hole_pages, more_pages);
}

size_t ep__pool_hole_pages(void)
{
    /* order: relaxed -- statistics; who carves may count before who has made the hole */
    int64_t pages = ep__load_relaxed(&hole_pages);
    return pages > 0 ? (size_t)pages : 0;
}

/* FREE -> the arena.  The caller has made the word FREE. */
static void give_slots_back(struct pool *pool, unsigned slots)
{
    if (ep__unlikely(pool->holes != 0))
        ep__pool_note_holes(-(int64_t)ep__bits_count(pool->holes));
    ep__arena_release(pool->arena, pool->slot, slots);
}

void ep__pool_empty(struct pool *pool)
{
    ep__pool_map(pool, EP__OWNER_NOBODY);
    uint64_t word = word_without_list(EP__OWNED, ep__word_generation(ep__pool_word(pool)));
    uint64_t next = word_without_list(EP__FREE, ep__word_generation(word) + 1);
    /* order: release OWN -- SLT carries the private fields on; the owner holds all blocks, so nobody can push.
     * ABA: excluded by ownership */
    if (!ep__cas_strong_release(&pool->word, &word, next))
        ep__report_corruption("a block was freed twice in the pool at", pool->base);
    ep__pool_events_tell(pool, EP__EVENT_POOL_EMPTIED, pool->class, (struct change){word, next});
    give_slots_back(pool, ep__size_classes[pool->class].slots);
}

struct block *ep__pool_take_remote(struct pool *pool, uint32_t *count)
{
    uint64_t word = ep__pool_word(pool);
    while (ep__word_count(word) != 0) {
        /* order: acquire RMT -- pairs with ep__pool_push_remote; carries the links.  ABA: the list is taken
         * whole, so a head that came back is as good */
        if (ep__cas_weak_acquire(&pool->word, &word,
                                 word_without_list(EP__OWNED, ep__word_generation(word)))) {
            *count = ep__word_count(word);
            return block_at(pool, ep__word_head(word));
        }
    }
    *count = 0;
    return NULL;
}

const struct block *ep__pool_peek_remote(struct pool *pool)
{
    /* order: acquire RMT -- pairs with ep__pool_push_remote; carries the links */
    return block_at(pool, ep__word_head(ep__load_acquire(&pool->word)));
}

/* The owner takes what is listed, with which all blocks are here, and gives the pool back. */
static void release_all_free(struct pool *pool)
{
    uint32_t count;
    (void)ep__pool_take_remote(pool, &count);
    ep__pool_empty(pool);
}

void ep__pool_release(struct pool *pool, uint32_t listed)
{
    const struct size_class *size = &ep__size_classes[pool->class];
    uint32_t kind = pool->kind;
    uint32_t own = listed + size->capacity - pool->carved;
    pool->listed = listed;
    pool->place = EP__IN_NONE;
    /* order: relaxed -- the owner's own id, or nobody's where the pool was never mapped */
    pool->last_owner = ep__load_relaxed(ep__pool_owner(pool));
    ep__pool_wind(pool, &pool->list, 0);
    ep__pool_map(pool, EP__OWNER_NOBODY);
    uint64_t word = ep__pool_word(pool);
    for (;;) {
        uint32_t total = own + ep__word_count(word);
        uint32_t generation = ep__word_generation(word) + 1;
        if (total == size->capacity) {
            release_all_free(pool);
            return;
        }
        if (ep__unlikely(total > size->capacity))
            ep__report_corruption("a block was freed twice in the pool at", pool->base);
        uint64_t next = total == 0
                            ? word_without_list(EP__FULL, generation)
                            : ep__word_make(ep__word_head(word), total, EP__PARTIAL, generation);
        /* order: release OWN -- pairs with ep__pool_claim and adoption; carries the private fields.  ABA: the
         * same list and count are the same claim on capacity */
        if (!ep__cas_weak_release(&pool->word, &word, next))
            continue;
        ep__pool_events_tell(pool, total == 0 ? EP__EVENT_POOL_FULL : EP__EVENT_POOL_PARTIAL,
                             ep__kind_class(kind), (struct change){word, next});
        if (total >= size->usable_at)
            ep__partial_hint(pool, kind);
        return;
    }
}

bool ep__pool_claim(struct pool *pool, unsigned kind, struct block **chain)
{
    uint64_t word = ep__pool_word(pool);
    /* order: relaxed -- checked again below, when the pool is ours */
    if (ep__word_state(word) != EP__PARTIAL ||
        ep__load_relaxed(&pool->arena->kinds[pool->slot]) != kind)
        return false;
    uint64_t next = word_without_list(EP__OWNED, ep__word_generation(word) + 1);
    /* order: acq_rel OWN, RMT -- acquires the private fields from who released the pool, and the links of the
     * list, which all leaves with us.  ABA: a word that came back is a PARTIAL pool with that list */
    if (!ep__cas_strong_acq_rel(&pool->word, &word, next))
        return false;
    ep__pool_events_tell(pool, EP__EVENT_POOL_CLAIMED, pool->class, (struct change){word, next});
    *chain = block_at(pool, ep__word_head(word));
    if (ep__likely(pool->kind == kind))
        return true;
    /* The slot was reborn for another kind between the two looks: not what was wanted. */
    pool->listed += ep__pool_join(pool, *chain);
    ep__pool_release(pool, pool->listed);
    return false;
}

/* One step of a push: the word to swap in, or 0 when the batch does not fit the state. */
static uint64_t pushed_word(const struct batch *batch, uint64_t word)
{
    struct pool *pool = batch->pool;
    uint32_t count = ep__word_count(word) + batch->count;
    batch->last->next = block_at(pool, ep__word_head(word));
    return ep__word_make(head_of(pool, batch->first), count, ep__word_state(word),
                         ep__word_generation(word));
}

/* What a push has made of a pool that was nobody's. */
static void tell_pushed(const struct pool *pool, unsigned class, struct change words)
{
    static const uint8_t kinds[] = {[EP__FREE] = EP__EVENT_POOL_EMPTIED,
                                    [EP__OWNED] = EP__EVENT_POOL_ADOPTED,
                                    [EP__PARTIAL] = EP__EVENT_POOL_PARTIAL};
    ep__pool_events_tell(pool, kinds[ep__word_state(words.after)], class, words);
}

/* FULL: the batch's blocks are the only free ones. */
static enum ep__push_result push_to_full(const struct batch *batch, bool adopt, uint64_t *word)
{
    struct pool *pool = batch->pool;
    unsigned class = pool->class;
    uint32_t generation = ep__word_generation(*word) + 1;
    uint32_t capacity = ep__size_classes[class].capacity;
    bool is_whole = batch->count == capacity;
    batch->last->next = NULL;
    uint64_t next =
        ep__word_make(head_of(pool, batch->first), batch->count, EP__PARTIAL, generation);
    if (adopt || is_whole)
        next = word_without_list(is_whole ? EP__FREE : EP__OWNED, generation);
    /* order: acq_rel OWN, RMT -- acquires the private fields from who disowned the pool; releases the links to
     * who claims it.  ABA: FULL of the same generation is the same pool with all blocks out */
    if (!ep__cas_weak_acq_rel(&pool->word, word, next))
        return EP__LOST;
    tell_pushed(pool, class, (struct change){*word, next});
    if (is_whole)
        return EP__EMPTIED;
    if (!adopt)
        return EP__PUSHED;
    pool->list = batch->first;
    pool->listed = batch->count;
    pool->place = EP__IN_NONE;
    return EP__ADOPTED;
}

_Noreturn static void report_free(const struct batch *batch, enum ep__pool_state state)
{
    ep__report_corruption(state == EP__FREE ? "double free, or free into an empty pool, of"
                                            : "more frees than blocks in the pool of",
                          batch->first);
}

/* PARTIAL: true when the batch brings the last live blocks. */
static bool completes(const struct batch *batch, uint64_t word, uint32_t capacity)
{
    return ep__word_state(word) == EP__PARTIAL && ep__word_count(word) + batch->count == capacity;
}

enum ep__push_result ep__pool_push_remote(const struct batch *batch, bool adopt)
{
    struct pool *pool = batch->pool;
    unsigned kind = pool->kind;
    const struct size_class *size = &ep__size_classes[pool->class];
    uint64_t word = ep__pool_word(pool);
    for (;;) {
        enum ep__pool_state state = ep__word_state(word);
        if (ep__unlikely(state == EP__FREE || ep__word_count(word) + batch->count > size->capacity))
            report_free(batch, state);
        if (state == EP__FULL) {
            enum ep__push_result result = push_to_full(batch, adopt, &word);
            if (result == EP__LOST)
                continue;
            if (result == EP__EMPTIED)
                give_slots_back(pool, size->slots);
            else if (result == EP__PUSHED && batch->count >= size->usable_at)
                ep__partial_hint(pool, kind);
            return result;
        }
        bool is_last = completes(batch, word, size->capacity);
        uint64_t next = is_last ? word_without_list(EP__FREE, ep__word_generation(word) + 1)
                                : pushed_word(batch, word);
        /* order: acq_rel RMT, OWN -- releases the links to ep__pool_take_remote or ep__pool_claim; acquires the
         * private fields where it makes the pool FREE.  ABA: the head is only linked to */
        if (!ep__cas_weak_acq_rel(&pool->word, &word, next))
            continue;
        if (is_last) {
            tell_pushed(pool, ep__kind_class(kind), (struct change){word, next});
            give_slots_back(pool, size->slots);
            return EP__EMPTIED;
        }
        uint32_t before = ep__word_count(word);
        if (state == EP__PARTIAL && before < size->usable_at &&
            before + batch->count >= size->usable_at)
            ep__partial_hint(pool, kind);
        return EP__PUSHED;
    }
}

bool ep__pool_check(struct pool *pool)
{
    uint64_t word = ep__pool_word(pool);
    uint32_t count = ep__word_count(word);
    bool has_head = ep__word_head(word) != EP__POOL_NO_HEAD;
    switch (ep__word_state(word)) {
    case EP__FREE:
    case EP__FULL:
        return count == 0 && !has_head;
    case EP__OWNED:
        return has_head == (count != 0);
    case EP__PARTIAL:
        return count >= 1 && count < ep__size_classes[pool->class].capacity;
    }
    return false;
}
