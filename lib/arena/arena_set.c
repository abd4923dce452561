/* Sets of arenas.  The argument stands in arena_set.h. */
#include "arena/arena_set.h"

#include "arena/arena.h"

static _Atomic(uint64_t) *leaf_of(struct window *window, unsigned set, uint32_t group)
{
    return &window->groups[group].leaves[set];
}

void ep__arena_set_add(struct window *window, unsigned set, uint32_t arena_id)
{
    uint32_t group = arena_id / EP__GROUP_ARENAS;
    _Atomic(uint64_t) *leaf = leaf_of(window, set, group);
    /* order: acq_rel HNT, RET -- pairs with ep__arena_set_remove; carries the truth made before this call */
    ep__fetch_or_acq_rel(leaf, (uint64_t)1 << arena_id % EP__GROUP_ARENAS);
    /* order: acq_rel HNT -- pairs with clear_summary; carries the leaf bit */
    ep__fetch_or_acq_rel(&window->set_summaries[group / 64][set], (uint64_t)1 << group % 64);
    /* order: acq_rel HNT -- pairs with clear_top; carries the summary bit */
    ep__fetch_or_acq_rel(&window->set_tops[set], (uint64_t)1 << group / 64);
}

/* Clears a top bit whose summary was seen empty, and sets it again if that has changed. */
static void clear_top(struct window *window, unsigned set, uint32_t part)
{
    uint64_t bit = (uint64_t)1 << part;
    /* order: acq_rel HNT -- pairs with ep__arena_set_add; a bit cleared here brings the summary bit with it */
    ep__fetch_and_acq_rel(&window->set_tops[set], ~bit);
    /* order: acquire HNT -- a summary bit set before the bit just cleared is seen; a later one sets it anew */
    if (ep__load_acquire(&window->set_summaries[part][set]) != 0) {
        /* order: acq_rel HNT -- pairs with clear_top */
        ep__fetch_or_acq_rel(&window->set_tops[set], bit);
    }
}

/* Clears a summary bit whose leaf was seen empty, and sets it again if that has changed. */
static void clear_summary(struct window *window, unsigned set, uint32_t group)
{
    uint64_t bit = (uint64_t)1 << group % 64;
    _Atomic(uint64_t) *summary = &window->set_summaries[group / 64][set];
    /* order: acq_rel HNT -- pairs with ep__arena_set_add; a bit cleared here brings the leaf bit with it */
    uint64_t before = ep__fetch_and_acq_rel(summary, ~bit);
    /* order: acquire HNT -- a leaf bit set before the bit just cleared is seen; a later one sets it anew */
    if (ep__load_acquire(leaf_of(window, set, group)) != 0) {
        /* order: acq_rel HNT -- pairs with clear_summary */
        ep__fetch_or_acq_rel(summary, bit);
        /* order: acq_rel HNT -- pairs with clear_top: another clearer may have seen the summary without the bit */
        ep__fetch_or_acq_rel(&window->set_tops[set], (uint64_t)1 << group / 64);
    } else if ((before & ~bit) == 0) {
        clear_top(window, set, group / 64);
    }
}

bool ep__arena_set_remove(struct window *window, unsigned set, uint32_t arena_id)
{
    uint32_t group = arena_id / EP__GROUP_ARENAS;
    uint64_t bit = (uint64_t)1 << arena_id % EP__GROUP_ARENAS;
    /* order: acq_rel HNT, RET -- pairs with ep__arena_set_add; what was true before the bit was set is seen by
     * the caller's second look, and by the next owner of a retired arena */
    uint64_t before = ep__fetch_and_acq_rel(leaf_of(window, set, group), ~bit);
    if ((before & ~bit) == 0)
        clear_summary(window, set, group);
    return (before & bit) != 0;
}

bool ep__arena_set_has(struct window *window, unsigned set, uint32_t arena_id)
{
    /* order: acquire HNT -- pairs with ep__arena_set_add; the truth is read after its hint */
    uint64_t leaf = ep__load_acquire(leaf_of(window, set, arena_id / EP__GROUP_ARENAS));
    return leaf >> arena_id % EP__GROUP_ARENAS & 1U;
}

/* The bits of a word at and above `from` (from >= 64: none). */
static uint64_t bits_from(uint64_t word, uint32_t from)
{
    return from >= 64 ? 0 : word & ~(uint64_t)0 << from;
}

/* The lowest member at or above `from` among the arenas of the 64 groups of `part`. */
static uint32_t next_in_part(struct window *window, unsigned set, uint32_t part, uint32_t from)
{
    uint32_t first_group = from / EP__GROUP_ARENAS;
    /* order: acquire HNT -- pairs with ep__arena_set_add; a leaf is read after its summary */
    uint64_t groups = ep__load_acquire(&window->set_summaries[part][set]);
    groups = bits_from(groups, first_group > part * 64 ? first_group - part * 64 : 0);
    for (; groups != 0; groups &= groups - 1) {
        uint32_t group = part * 64 + ep__bits_lowest(groups);
        /* order: acquire HNT -- pairs with ep__arena_set_add; the truth is read after its hint */
        uint64_t leaf = ep__load_acquire(leaf_of(window, set, group));
        if (leaf == 0)
            clear_summary(window, set, group);
        leaf = bits_from(leaf, group == first_group ? from % EP__GROUP_ARENAS : 0);
        if (leaf != 0)
            return group * EP__GROUP_ARENAS + ep__bits_lowest(leaf);
    }
    return EP__ARENA_NONE;
}

uint32_t ep__arena_set_next(struct window *window, unsigned set, uint32_t from)
{
    /* order: acquire HNT -- pairs with ep__arena_set_add; a summary is read after its top */
    uint64_t parts = ep__load_acquire(&window->set_tops[set]);
    uint32_t first_part = from / EP__GROUP_ARENAS / 64;
    for (parts = bits_from(parts, first_part); parts != 0; parts &= parts - 1) {
        uint32_t part = ep__bits_lowest(parts);
        uint32_t found = next_in_part(window, set, part, from);
        if (found != EP__ARENA_NONE)
            return found;
    }
    return EP__ARENA_NONE;
}
