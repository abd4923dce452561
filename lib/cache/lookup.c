/* Lookup.  The argument stands in lookup.h. */
#include "cache/lookup.h"

static uint8_t kind_of(struct window *window, uint32_t slot)
{
    struct arena *arena = ep__arena_at(window, slot / EP__ARENA_SLOTS);
    /* order: relaxed -- whoever has a block got it with an order from who wrote the kind; without a block any
     * value is as good */
    return ep__load_relaxed(&arena->kinds[slot % EP__ARENA_SLOTS]);
}

/* Whether p starts one of the blocks that the pool is cut into. */
static bool starts_block(struct pool *pool, unsigned class, ptrdiff_t offset)
{
    const struct size_class *size = &ep__size_classes[class];
    offset -= ep__pool_start(pool);
    if (offset < 0)
        return false;
    uint32_t i = ep__size_class_divide(class, (uint32_t)offset);
    return i < size->capacity && i * size->bytes == (uint32_t)offset;
}

struct found ep__lookup(const void *p)
{
    struct found found = {EP__FOUND_NOTHING, NULL, 0};
    struct window *window = ep__window_find(p);
    if (window == NULL)
        return found;
    uint32_t slot = ep__window_slot(window, p);
    uint8_t kind = kind_of(window, slot);
    if (kind > EP__KIND_INNER && kind != EP__CLASS_NONE) {
        slot -= (uint32_t)(kind - EP__KIND_INNER);
        kind = kind_of(window, slot);
    }
    found.pool = ep__pool_at(window, slot);
    found.class = ep__kind_class(kind);
    char *base = window->base + ((size_t)slot << EP__SLOT_LOG2);
    if (ep__word_state(ep__pool_word(found.pool)) == EP__FREE)
        found.what = EP__FOUND_FREE;
    else if (kind == EP__KIND_RUN)
        found.what = p == base ? EP__FOUND_RUN : EP__FOUND_MISALIGNED;
    else if (kind >= EP__KIND_TRACKED && kind < EP__POOL_KINDS)
        found.what = EP__FOUND_TRACKED;
    else if (kind < EP__CLASSES && starts_block(found.pool, kind, (const char *)p - base))
        found.what = EP__FOUND_BLOCK;
    else
        found.what = EP__FOUND_MISALIGNED;
    return found;
}
