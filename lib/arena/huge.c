/* Huge blocks.  The argument stands in huge.h. */
#include "arena/huge.h"

#include "arena/huge_cache.h"
#include "arena/retire.h"
#include "sys/atomic.h"
#include "sys/bits.h"
#include "sys/event.h"
#include "sys/options.h"
#include "sys/own_ranges.h"
#include "sys/vm.h"

enum {
    ADDRESS_BITS = 48,
    LEAF_LOG2 = 14,
    ROOT_LOG2 = ADDRESS_BITS - EP__HUGE_UNIT_LOG2 - LEAF_LOG2
};

struct place {
    _Atomic(uintptr_t) start;
    _Atomic(size_t) bytes;
};

struct leaf {
    struct place places[(size_t)1 << LEAF_LOG2];
};

/* What a mapping on its way back to the system keeps in its first page. */
struct leaving {
    struct epoch_entry entry;
    size_t bytes;
};

static _Atomic(struct leaf *) root[(size_t)1 << ROOT_LOG2];
static _Atomic(size_t) in_use_bytes;
static _Atomic(size_t) in_use_blocks;

static struct leaf *make_leaf(_Atomic(struct leaf *) *link)
{
    struct leaf *leaf = ep__vm_map(sizeof(struct leaf));
    if (leaf == NULL)
        return NULL;
    struct leaf *none = NULL;
    /* order: acq_rel LEF -- pairs with find_place; a mapping reads as zero to all who get its address.  ABA:
     * written once */
    if (ep__cas_strong_acq_rel(link, &none, leaf)) {
        ep__own_range_note(leaf, sizeof(struct leaf));
        return leaf;
    }
    (void)ep__vm_unmap(leaf, sizeof(struct leaf));
    return none;
}

/* The place of the MiB that p lies in, or NULL where no block has ever been near. */
static struct place *find_place(const void *p)
{
    uintptr_t unit = (uintptr_t)p >> EP__HUGE_UNIT_LOG2;
    if (unit >> (ROOT_LOG2 + LEAF_LOG2) != 0)
        return NULL;
    /* order: acquire LEF -- pairs with make_leaf */
    struct leaf *leaf = ep__load_acquire(&root[unit >> LEAF_LOG2]);
    return leaf == NULL ? NULL : &leaf->places[unit & (((uintptr_t)1 << LEAF_LOG2) - 1)];
}

/* The same, made where there is none. */
static struct place *make_place(const void *p)
{
    uintptr_t unit = (uintptr_t)p >> EP__HUGE_UNIT_LOG2;
    struct place *place = find_place(p);
    if (place != NULL || unit >> (ROOT_LOG2 + LEAF_LOG2) != 0)
        return place;
    struct leaf *leaf = make_leaf(&root[unit >> LEAF_LOG2]);
    return leaf == NULL ? NULL : &leaf->places[unit & (((uintptr_t)1 << LEAF_LOG2) - 1)];
}

/* The place of the block that starts at p, or NULL. */
static struct place *find_block(const void *p)
{
    struct place *place = p == NULL ? NULL : find_place(p);
    if (place == NULL)
        return NULL;
    /* order: acquire HUG -- pairs with insert; carries the size */
    return ep__load_acquire(&place->start) == (uintptr_t)p ? place : NULL;
}

/* Tells what the caller does with a block that is its own. */
static void tell(enum ep__event_kind kind, const void *p, size_t before, size_t after)
{
    if (ep__event_is_wanted(kind))
        ep__event_tell(&(struct event){
            .kind = (uint8_t)kind, .object = (uintptr_t)p, .before = before, .after = after});
}

static void insert(struct place *place, void *p, size_t bytes)
{
    tell(EP__EVENT_HUGE_ALLOCATED, p, 0, bytes);
    /* order: relaxed -- start, below, carries it */
    ep__store_relaxed(&place->bytes, bytes);
    /* order: release HUG -- pairs with find_block; carries the size.  Nobody else stores here: the kernel gave
     * the range to this thread */
    ep__store_release(&place->start, (uintptr_t)p);
    /* order: relaxed -- a counter for a policy */
    ep__fetch_add_relaxed(&in_use_bytes, bytes);
    /* order: relaxed -- statistics */
    ep__fetch_add_relaxed(&in_use_blocks, 1);
}

/* Takes the block that starts at p out of the table; false when another free was first. */
static bool take_out(struct place *place, void *p, size_t *bytes)
{
    uintptr_t start = (uintptr_t)p;
    /* order: acquire HUG -- one of several frees wins.  ABA: the same address in its place is the same block */
    if (!ep__cas_strong_acquire(&place->start, &start, 0))
        return false;
    /* order: relaxed -- the place stays ours until the range is unmapped */
    *bytes = ep__load_relaxed(&place->bytes);
    tell(EP__EVENT_HUGE_FREED, p, *bytes, 0);
    /* order: relaxed -- a counter for a policy */
    ep__fetch_sub_relaxed(&in_use_bytes, *bytes);
    /* order: relaxed -- statistics */
    ep__fetch_sub_relaxed(&in_use_blocks, 1);
    return true;
}

/* A fresh mapping at a multiple of `alignment`. */
static void *map_aligned(size_t bytes, size_t alignment)
{
    size_t page = ep__vm_page_bytes();
    if (alignment <= page)
        return ep__vm_map(bytes);
    if (bytes > SIZE_MAX / 2 || alignment > SIZE_MAX / 2 - bytes)
        return NULL;
    size_t mapped = bytes + alignment - page;
    char *start = ep__vm_reserve(mapped);
    if (start == NULL)
        return NULL;
    char *first = (char *)ep__round_up((uintptr_t)start, alignment);
    if (first > start)
        (void)ep__vm_unmap(start, (size_t)(first - start));
    if (first + bytes < start + mapped)
        (void)ep__vm_unmap(first + bytes, (size_t)(start + mapped - first - bytes));
    if (ep__vm_commit(first, bytes))
        return first;
    (void)ep__vm_unmap(first, bytes);
    return NULL;
}

/* Moves pages onto a new range of new_bytes; NULL: nothing has changed. */
static void *move_pages(void *start, size_t bytes, size_t new_bytes)
{
    void *target = ep__vm_reserve(new_bytes);
    if (target == NULL)
        return NULL;
    if (make_place(target) == NULL) {
        (void)ep__vm_unmap(target, new_bytes);
        return NULL;
    }
    /* A kernel may have unmapped the target before it failed: the range is not ours to unmap any more. */
    return ep__vm_move(start, bytes, target, new_bytes) ? target : NULL;
}

/* A freed mapping that is on its way back: its pages go now, but for the first, its address space after a grace period.
 * Says whether the kernel took the pages. */
static bool let_go(struct mapping mapping, struct epoch_record *record);

/* A range that the kernel does not take (it would have to split a mapping, and there are too many) is cached again, or
 * waits once more. */
static void unmap_leaving(struct epoch_entry *entry)
{
    struct leaving *leaving = (struct leaving *)entry;
    struct mapping mapping = {(char *)leaving, leaving->bytes};
    if (!ep__vm_unmap(mapping.start, mapping.bytes) && !ep__huge_cache_put(&mapping))
        (void)let_go(mapping, NULL);
}

static bool let_go(struct mapping mapping, struct epoch_record *record)
{
    size_t page = ep__vm_page_bytes();
    struct leaving *leaving = (struct leaving *)mapping.start;
    bool is_purged = ep__retire_purge_range(mapping.start + page, mapping.bytes - page);
    leaving->bytes = mapping.bytes;
    if (record == NULL)
        ep__epoch_defer_orphan(&leaving->entry, unmap_leaving);
    else
        ep__epoch_defer(record, &leaving->entry, unmap_leaving);
    return is_purged;
}

/* A cached mapping, as it is or made longer; the pages it has need no fault. */
static void *take_cached(size_t *bytes)
{
    struct mapping got;
    if (ep__huge_cache_take(*bytes, &got)) {
        *bytes = got.bytes;
        return got.start;
    }
    if (!ep__huge_cache_take_biggest(&got))
        return NULL;
    if (got.bytes >= *bytes / 2) {
        if (ep__vm_resize(got.start, got.bytes, *bytes))
            return got.start;
        void *moved = move_pages(got.start, got.bytes, *bytes);
        if (moved != NULL)
            return moved;
    }
    if (!ep__huge_cache_put(&got))
        (void)let_go(got, NULL);
    return NULL;
}

void *ep__huge_alloc(size_t bytes, size_t alignment, bool *is_zero)
{
    size_t page = ep__vm_page_bytes();
    if (bytes > PTRDIFF_MAX - page)
        return NULL;
    bytes = ep__round_up(bytes < EP__HUGE_BYTES_MIN ? EP__HUGE_BYTES_MIN : bytes, page);
    void *p = NULL;
    if (alignment <= page && ep__option_get(EP__OPTION_HUGE_CACHE))
        p = take_cached(&bytes);
    *is_zero = p == NULL;
    if (p == NULL)
        p = map_aligned(bytes, alignment);
    if (p == NULL)
        return NULL;
    struct place *place = make_place(p);
    if (place == NULL) {
        (void)ep__vm_unmap(p, bytes);
        return NULL;
    }
    insert(place, p, bytes);
    return p;
}

static bool may_keep(size_t bytes)
{
    if (!ep__option_get(EP__OPTION_HUGE_CACHE))
        return false;
    return ep__retire_may_retain(bytes);
}

bool ep__huge_free(void *p, struct epoch_record *record)
{
    struct place *place = find_block(p);
    if (place == NULL)
        return false;
    struct mapping mapping = {p, 0};
    if (record != NULL)
        ep__epoch_enter(record);
    bool taken = take_out(place, p, &mapping.bytes);
    if (taken && (!may_keep(mapping.bytes) || !ep__huge_cache_put(&mapping)))
        (void)let_go(mapping, record);
    if (record != NULL) {
        ep__epoch_exit(record);
        ep__epoch_poll(record);
    }
    return taken;
}

size_t ep__huge_bytes(const void *p)
{
    struct place *place = find_block(p);
    /* order: relaxed -- find_block acquired the place; the size changes only in the block's owner's hands */
    return place == NULL ? 0 : ep__load_relaxed(&place->bytes);
}

/* Changes the recorded size of a block that the caller owns. */
static void record_bytes(struct place *place, const void *p, size_t old_bytes, size_t bytes)
{
    tell(EP__EVENT_HUGE_RESIZED, p, old_bytes, bytes);
    /* order: relaxed -- only the block's owner asks; others hand the block over with their own order */
    ep__store_relaxed(&place->bytes, bytes);
    /* order: relaxed -- a counter for a policy */
    ep__fetch_add_relaxed(&in_use_bytes, bytes - old_bytes);
}

static void *shrink(struct place *place, char *p, size_t old_bytes, size_t bytes)
{
    if (bytes > old_bytes / 4 * 3)
        return p;
    record_bytes(place, p, old_bytes, bytes);
    if (!ep__vm_unmap(p + bytes, old_bytes - bytes))
        record_bytes(place, p, bytes, old_bytes);
    return p;
}

static void *move_block(struct place *place, void *p, size_t bytes)
{
    size_t old_bytes = 0;
    if (!take_out(place, p, &old_bytes))
        return NULL;
    void *moved = move_pages(p, old_bytes, bytes);
    if (moved == NULL)
        insert(place, p, old_bytes);
    else
        insert(find_place(moved), moved, bytes);
    return moved;
}

void *ep__huge_resize(void *p, size_t bytes)
{
    struct place *place = find_block(p);
    size_t page = ep__vm_page_bytes();
    if (place == NULL || bytes > PTRDIFF_MAX - page)
        return NULL;
    bytes = ep__round_up(bytes < EP__HUGE_BYTES_MIN ? EP__HUGE_BYTES_MIN : bytes, page);
    /* order: relaxed -- find_block acquired the place; the caller owns the block */
    size_t old_bytes = ep__load_relaxed(&place->bytes);
    if (bytes <= old_bytes)
        return shrink(place, p, old_bytes, bytes);
    if (!ep__vm_resize(p, old_bytes, bytes))
        return move_block(place, p, bytes);
    record_bytes(place, p, old_bytes, bytes);
    return p;
}

size_t ep__huge_trim(size_t cached_bytes_max)
{
    size_t bytes = 0;
    struct mapping got;
    while (ep__huge_cached_bytes() > cached_bytes_max && ep__huge_cache_take_biggest(&got))
        bytes += let_go(got, NULL) ? got.bytes : 0;
    return bytes;
}

static int visit_places(struct leaf *leaf, int (*visit)(void *p, size_t bytes, void *argument),
                        void *argument)
{
    int result = 0;
    for (size_t i = 0; i < (size_t)1 << LEAF_LOG2 && result == 0; i++) {
        struct place *place = &leaf->places[i];
        /* order: acquire HUG -- pairs with insert; carries the size */
        uintptr_t start = ep__load_acquire(&place->start);
        if (start == 0)
            continue;
        /* order: relaxed -- of a block that has just gone any size may be shown */
        result = visit((void *)start, ep__load_relaxed(&place->bytes), argument);
    }
    return result;
}

int ep__huge_each(int (*visit)(void *p, size_t bytes, void *argument), void *argument)
{
    int result = 0;
    for (size_t i = 0; i < (size_t)1 << ROOT_LOG2 && result == 0; i++) {
        /* order: acquire LEF -- pairs with make_leaf */
        struct leaf *leaf = ep__load_acquire(&root[i]);
        if (leaf != NULL)
            result = visit_places(leaf, visit, argument);
    }
    return result;
}

size_t ep__huge_in_use_bytes(void)
{
    /* order: relaxed -- a counter for a policy */
    return ep__load_relaxed(&in_use_bytes);
}

size_t ep__huge_in_use_blocks(void)
{
    /* order: relaxed -- statistics */
    return ep__load_relaxed(&in_use_blocks);
}

size_t ep__huge_cached_bytes(void)
{
    return ep__huge_cache_bytes();
}
