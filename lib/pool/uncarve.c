/* Un-carving.  The argument stands in uncarve.h. */
#include "pool/uncarve.h"

#include "arena/retire.h"
#include "pool/pool_events.h"
#include "sys/report.h"
#include "sys/vm.h"

/* A bit a block of a pool: set when nobody has the block. */
struct free_blocks {
    uint64_t words[EP__CAPACITY_MAX / 64];
};

static uint32_t number_of(struct pool *pool, const struct block *block)
{
    size_t offset = (size_t)((const char *)block - pool->base) - ep__pool_start(pool);
    return ep__size_class_divide(pool->class, (uint32_t)offset);
}

static void add_free(struct free_blocks *free, uint32_t block)
{
    free->words[block / 64] |= UINT64_C(1) << block % 64;
}

static void add_span(struct free_blocks *free, struct span blocks)
{
    for (uint32_t i = blocks.first; i < blocks.first + blocks.count; i++)
        add_free(free, i);
}

static bool has_span(const struct free_blocks *free, struct span blocks)
{
    for (uint32_t i = blocks.first; i < blocks.first + blocks.count; i++)
        if ((free->words[i / 64] >> i % 64 & 1U) == 0)
            return false;
    return blocks.count != 0;
}

/* Step 1. */
static void find_free(struct pool *pool, struct free_blocks *free)
{
    uint32_t capacity = ep__size_classes[pool->class].capacity;
    uint32_t listed = 0;
    for (struct block *block = pool->list; block != NULL; block = block->next, listed++) {
        uint32_t number = number_of(pool, block);
        if (ep__unlikely(listed == capacity || number >= capacity))
            ep__report_corruption(
                "a block was freed twice, or written to when free, in the pool at", pool->base);
        add_free(free, number);
    }
    for (uint64_t holes = pool->holes; holes != 0; holes &= holes - 1)
        add_span(free, ep__carve_blocks_of(pool, (struct span){ep__bits_lowest(holes), 1}));
    add_span(free, (struct span){pool->mark, capacity - pool->mark});
}

/* Step 2: the pages that may go. */
static uint64_t find_pages(struct pool *pool, const struct free_blocks *free)
{
    struct span used = ep__carve_pages_of(pool, (struct span){0, pool->mark});
    uint64_t pages = 0;
    for (uint32_t i = used.first; i < used.first + used.count; i++) {
        bool may_go = has_span(free, ep__carve_blocks_of(pool, (struct span){i, 1}));
        pages |= (uint64_t)may_go << i;
    }
    return pages & ~pool->holes;
}

/* The first row of pages of a set. */
static struct span first_row(uint64_t pages)
{
    unsigned first = ep__bits_lowest(pages);
    uint64_t rest = ~(pages >> first);
    return (struct span){first, rest == 0 ? 64 - first : ep__bits_lowest(rest)};
}

/* Step 3: makes holes of pages; what overlaps them leaves the list. */
static void make_holes(struct pool *pool, uint64_t pages)
{
    struct span highest = ep__carve_blocks_of(pool, (struct span){ep__bits_highest(pages), 1});
    uint32_t past = highest.first + highest.count;
    pool->holes |= pages;
    if (pool->mark < past)
        pool->mark = (uint16_t)past;
    uint32_t left = 0;
    for (struct block **link = &pool->list; *link != NULL;) {
        if (ep__carve_has(pool, number_of(pool, *link))) {
            link = &(*link)->next;
            continue;
        }
        *link = (*link)->next;
        left++;
    }
    pool->listed -= left;
    ep__pool_events_tell_size(pool, EP__EVENT_POOL_UNCARVED, pool->carved, pool->carved - left);
    pool->carved = (uint16_t)(pool->carved - left);
}

/* Step 4, where the kernel refuses. */
static void take_back(struct pool *pool, struct span row)
{
    uint32_t count;
    struct block *chain = ep__carve_holes(pool, row, &count);
    pool->listed += ep__pool_join(pool, chain);
}

/* Step 4: gives the rows of pages back; returns how many went. */
static unsigned give_back(struct pool *pool, uint64_t pages)
{
    size_t page = ep__vm_page_bytes();
    unsigned gone = 0;
    while (pages != 0) {
        struct span row = first_row(pages);
        if (ep__retire_purge_range(pool->base + row.first * page, row.count * page))
            gone += row.count;
        else
            take_back(pool, row);
        pages &= ~ep__bits_range(row.first, row.count);
    }
    ep__pool_note_holes(gone);
    return gone;
}

size_t ep__uncarve(struct pool *pool)
{
    struct free_blocks free = {{0}};
    if (pool->list == NULL)
        return 0;
    find_free(pool, &free);
    uint64_t pages = find_pages(pool, &free);
    if (pages == 0)
        return 0;
    make_holes(pool, pages);
    return give_back(pool, pages) * ep__vm_page_bytes();
}

/* The hint that a word is: what changes when there may be more to find, and whether it was looked at by a claim. */
static uint32_t hint_of(uint32_t generation, uint32_t count, bool is_done)
{
    return generation << 17 | count << 1 | is_done;
}

/* Whether a PARTIAL pool is worth a claim; notes that it was looked at. */
static bool is_chosen(struct pool *pool, uint64_t word, enum ep__uncarve_choice choice)
{
    uint32_t hint = hint_of(ep__word_generation(word), ep__word_count(word), false);
    /* order: relaxed -- a hint */
    uint32_t looked = ep__load_relaxed(&pool->looked);
    if ((looked | 1U) != (hint | 1U)) {
        /* order: relaxed -- a hint */
        ep__store_relaxed(&pool->looked, hint);
        return choice == EP__UNCARVE_CHANGED;
    }
    return (looked & 1U) == 0;
}

/* Claims a PARTIAL pool of a class, and releases it with fewer pages. */
static size_t uncarve_claimed(struct pool *pool, unsigned class)
{
    struct block *chain = NULL;
    if (!ep__pool_claim(pool, class, &chain))
        return 0;
    pool->listed += ep__pool_join(pool, chain);
    size_t bytes = ep__uncarve(pool);
    uint64_t word = ep__pool_word(pool);
    uint32_t free = ep__size_classes[class].capacity - pool->carved + pool->listed;
    /* order: relaxed -- a hint */
    ep__store_relaxed(&pool->looked,
                      hint_of(ep__word_generation(word) + 1, free + ep__word_count(word), true));
    ep__pool_release(pool, pool->listed);
    return bytes;
}

/* What starts in a slot, if it is a PARTIAL pool. */
static size_t uncarve_slot(struct arena *arena, unsigned slot, enum ep__uncarve_choice choice)
{
    struct pool *pool = ep__pool_at(arena->window, arena->id * EP__ARENA_SLOTS + slot);
    /* order: acquire OWN -- pairs with who made it PARTIAL; what is set once at a pool's birth is read after it */
    uint64_t word = ep__load_acquire(&pool->word);
    if (ep__word_state(word) != EP__PARTIAL)
        return 0;
    /* order: relaxed -- the claim checks it again */
    uint8_t kind = ep__load_relaxed(&arena->kinds[slot]);
    if (kind >= EP__CLASSES || !is_chosen(pool, word, choice))
        return 0;
    return uncarve_claimed(pool, kind);
}

static size_t uncarve_arena(struct arena *arena, enum ep__uncarve_choice choice)
{
    size_t bytes = 0;
    /* order: acquire SLT -- pairs with ep__arena_give_free; descriptors are read after the word */
    uint64_t held = ~ep__load_acquire(&arena->free_slots);
    for (; held != 0; held &= held - 1)
        bytes += uncarve_slot(arena, ep__bits_lowest(held), choice);
    return bytes;
}

/* The first arena in use from a place on, which is set to the one behind it; NULL: there is none. */
static struct arena *next_arena(struct uncarve_place *place)
{
    for (; place->window < EP__WINDOWS_MAX; place->window++, place->id = 0) {
        struct window *window = ep__window_at(place->window);
        if (window == NULL)
            return NULL;
        uint32_t begun = ep__window_is_closed(window) ? 0 : ep__arena_ids_begun(window);
        while (place->id < begun) {
            struct arena *arena = ep__arena_at(window, place->id++);
            /* order: acquire RET -- pairs with the end of creation; the arena's fields are read after it */
            if (ep__load_acquire(&arena->in_use) != 0)
                return arena;
        }
    }
    return NULL;
}

bool ep__uncarve_some(struct uncarve_place *place, enum ep__uncarve_choice choice,
                      unsigned arenas_max, size_t *bytes)
{
    for (; arenas_max != 0; arenas_max--) {
        struct arena *arena = next_arena(place);
        if (arena == NULL)
            return false;
        *bytes += uncarve_arena(arena, choice);
    }
    return true;
}

size_t ep__uncarve_all(enum ep__uncarve_choice choice)
{
    struct uncarve_place place = {0, 0};
    size_t bytes = 0;
    while (ep__uncarve_some(&place, choice, UINT32_MAX, &bytes)) {
    }
    return bytes;
}
