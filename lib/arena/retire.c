/* Retirement and purge.  The argument stands in retire.h.
 * Length: above 400 lines, because what may be retained decides what is purged and retired. */
#include "arena/retire.h"

#include "arena/arena_events.h"
#include "arena/huge.h"
#include "arena/usable_arenas.h"
#include "sys/clock.h"
#include "sys/options.h"
#include "sys/vm.h"

/* Arenas purged by one call that gave slots back: bounds the time of one free. */
enum { PURGED_ARENAS_MAX = 4 };

/* So many times the bound is too much at once, whatever the delay. */
enum { EXCESS_URGENT = 4 };

static _Atomic(uint64_t) excess_since_ms;

/* What the bound is at most, whatever the options say. */
static _Atomic(size_t) allowed_bytes = SIZE_MAX;

/* The bytes of so many slots, of which others may be counting at this moment. */
static size_t slot_bytes(int64_t slots)
{
    return slots > 0 ? (size_t)slots << EP__SLOT_LOG2 : 0;
}

size_t ep__retire_used_bytes(void)
{
    /* order: relaxed -- a policy */
    return slot_bytes(ep__load_relaxed(&ep__arenas.used_slots));
}

size_t ep__retire_bound_bytes(void)
{
    size_t used = ep__retire_used_bytes() + ep__huge_in_use_bytes();
    size_t share = used / 100 * ep__option_get(EP__OPTION_RETAIN_PERCENT);
    size_t floor = ep__option_get(EP__OPTION_RETAIN);
    size_t bound = share > floor ? share : floor;
    /* order: relaxed -- a policy */
    size_t allowed = ep__load_relaxed(&allowed_bytes);
    return bound < allowed ? bound : allowed;
}

void ep__retire_allow(size_t bytes)
{
    /* order: relaxed -- a policy */
    ep__store_relaxed(&allowed_bytes, bytes);
}

size_t ep__retire_retained_bytes(void)
{
    /* order: relaxed -- a policy */
    return slot_bytes(ep__load_relaxed(&ep__arenas.dirty_free_slots)) + ep__huge_cached_bytes();
}

/* Whether so much is given back whatever the delay. */
static bool is_urgent(size_t retained, size_t bound)
{
    return retained / EXCESS_URGENT > bound;
}

bool ep__retire_may_retain(size_t bytes)
{
    return !is_urgent(ep__retire_retained_bytes() + bytes, ep__retire_bound_bytes());
}

bool ep__retire_purge_range(void *start, size_t bytes)
{
    bool is_gone = ep__vm_purge(start, bytes);
    /* order: relaxed -- statistics */
    ep__fetch_add_relaxed(&ep__arenas.purge_calls, 1);
    /* order: relaxed -- statistics */
    ep__fetch_add_relaxed(&ep__arenas.purged_bytes, is_gone ? bytes : 0);
    return is_gone;
}

static void note_purge(void)
{
    /* order: relaxed -- statistics */
    ep__fetch_add_relaxed(&ep__arenas.purges, 1);
}

/* Gives the pages of slots that the caller holds back, in ranges; returns the slots that went. */
static uint64_t purge_held(struct arena *arena, uint64_t held)
{
    /* order: relaxed -- bits of slots held are changed by the holder only */
    uint64_t todo = held & ep__load_relaxed(&arena->dirty_slots);
    uint64_t gone = 0;
    while (todo != 0) {
        unsigned first = ep__bits_lowest(todo);
        uint64_t rest = ~(todo >> first);
        unsigned count = rest == 0 ? 64 - first : ep__bits_lowest(rest);
        uint64_t range = ep__bits_range(first, count);
        if (ep__retire_purge_range(ep__arena_slot_start(arena, first),
                                   (size_t)count << EP__SLOT_LOG2))
            gone |= range;
        todo &= ~range;
    }
    uint64_t since = ep__arena_events_since(arena);
    /* order: relaxed -- see above; SLT orders it before the next holder's look */
    uint64_t before = ep__fetch_and_relaxed(&arena->dirty_slots, ~gone);
    if (gone != 0)
        ep__arena_events_tell(arena, EP__EVENT_SLOTS_PURGED, since,
                              (struct change){before, before & ~gone});
    return gone;
}

/* Purges the free dirty slots of one arena; returns the bytes given back. */
static size_t purge_arena(struct arena *arena)
{
    /* order: relaxed -- only a guess at what is worth taking */
    uint64_t wanted = ep__load_relaxed(&arena->free_slots) & ep__load_relaxed(&arena->dirty_slots);
    if (wanted == 0)
        return 0;
    uint64_t held = ep__arena_take_free(arena, wanted);
    if (held == 0)
        return 0;
    size_t bytes = (size_t)ep__bits_count(purge_held(arena, held)) << EP__SLOT_LOG2;
    ep__arena_give_free(arena, held);
    return bytes;
}

/* Turns an all-free arena into a retired range.  False when it is not all free any more. */
static bool retire(struct arena *arena, size_t *bytes)
{
    uint64_t all = ~UINT64_C(0);
    uint64_t since = ep__arena_events_since(arena);
    /* order: seq_cst SLT -- acquires the slots' descriptors; in the BKT pair as ep__arena_take_free.  ABA: all
     * free is all free */
    if (!ep__cas_strong_seq_cst(&arena->free_slots, &all, 0))
        return false;
    ep__arena_events_tell(arena, EP__EVENT_ARENA_RETIRED, since, (struct change){all, 0});
    /* order: relaxed -- a counter for a policy */
    ep__fetch_sub_relaxed(&ep__arenas.all_free, 1);
    /* order: relaxed -- the arena is the caller's alone now */
    int64_t dirty = ep__bits_count(ep__load_relaxed(&arena->dirty_slots));
    /* order: relaxed -- a counter for a policy */
    ep__fetch_sub_relaxed(&ep__arenas.dirty_free_slots, dirty);
    ep__usable_arenas_update(arena);
    *bytes += (size_t)ep__bits_count(purge_held(arena, ~UINT64_C(0))) << EP__SLOT_LOG2;
    arena->retirements++;
    /* order: relaxed -- statistics; RET orders it before the next creation */
    ep__store_relaxed(&arena->in_use, 0);
    /* order: relaxed -- statistics */
    ep__fetch_add_relaxed(&ep__arenas.retired, 1);
    /* RET: the release is the set's fetch_or; the acquire its remove in take_again. */
    ep__arena_set_add(arena->window, EP__SET_RETIRED, arena->id);
    return true;
}

void ep__retire_if_surplus(struct arena *arena)
{
    size_t bytes = 0;
    /* order: relaxed -- a policy; of several that make arenas all-free at once the last sees them all, because
     * each counted its own first */
    bool is_surplus =
        ep__load_relaxed(&ep__arenas.all_free) > (int64_t)ep__option_get(EP__OPTION_KEEP_EMPTY);
    if (is_surplus && is_urgent(ep__retire_retained_bytes(), ep__retire_bound_bytes()))
        (void)retire(arena, &bytes);
}

/* Commits a range that the caller has to itself. */
static bool commit_arena(struct window *window, uint32_t id)
{
    struct arena *arena = ep__arena_at(window, id);
    if (arena->window == NULL) {
        arena->window = window;
        arena->id = id;
    }
    if (arena->is_committed)
        return true;
    char *base = ep__arena_base(arena);
    if (!ep__vm_commit(base, EP__ARENA_BYTES))
        return false;
    arena->is_committed = 1;
    uint64_t thp = ep__option_get(EP__OPTION_THP);
    if (thp != EP__THP_DEFAULT)
        ep__vm_huge_pages(base, EP__ARENA_BYTES, thp == EP__THP_ALWAYS);
    return true;
}

/* Takes a retired range of a window; false when it has none. */
static bool take_retired(struct window *window, uint32_t *id)
{
    for (;;) {
        *id = ep__arena_set_next(window, EP__SET_RETIRED, 0);
        if (*id == EP__ARENA_NONE)
            return false;
        /* RET: remove acquires the arena's fields from who retired it. */
        if (ep__arena_set_remove(window, EP__SET_RETIRED, *id))
            return true;
    }
}

/* Hands out an id that was never used, its tables writable; EP__ARENA_NONE: the window is used up.  False: the
 * tables are refused. */
static bool begin_id(struct window *window, uint32_t *id)
{
    *id = EP__ARENA_NONE;
    /* order: relaxed -- only chooses; the compare-and-swap decides */
    uint32_t next = ep__load_relaxed(&window->arenas_begun);
    do {
        if (next >= window->arena_count)
            return true;
        if (!ep__window_open_group(window, next))
            return false;
        /* order: relaxed -- the id is all that is handed over.  ABA: the number only grows */
    } while (!ep__cas_weak_relaxed(&window->arenas_begun, &next, next + 1));
    *id = next;
    return true;
}

/* Tells of a range that is the caller's alone, and that is to be nobody's again where its memory was refused. */
static void tell_range(struct arena *arena, bool is_again, bool is_committed)
{
    ep__arena_events_tell(arena, is_again ? EP__EVENT_ARENA_TAKEN_AGAIN : EP__EVENT_ARENA_BEGUN,
                          ep__arena_events_since(arena), (struct change){0, 0});
    if (!is_committed)
        ep__arena_events_tell(arena, EP__EVENT_ARENA_REFUSED, ep__arena_events_since(arena),
                              (struct change){0, 0});
}

struct arena *ep__retire_take_again_or_begin(void)
{
    for (unsigned i = 0; i < EP__WINDOWS_MAX; i++) {
        struct window *window = ep__window_at(i);
        if (window == NULL)
            window = ep__window_add(i);
        if (window == NULL)
            return NULL;
        uint32_t id;
        if (ep__window_is_closed(window))
            continue;
        bool is_again = take_retired(window, &id);
        if (!is_again && !begin_id(window, &id))
            return NULL;
        if (id == EP__ARENA_NONE)
            continue;
        bool is_committed = commit_arena(window, id);
        tell_range(ep__arena_at(window, id), is_again, is_committed);
        if (is_committed)
            return ep__arena_at(window, id);
        ep__arena_set_add(window, EP__SET_RETIRED, id);
        return NULL;
    }
    return NULL;
}

/* A wholly free arena of which there are enough is retired, any other purged; returns the bytes given back. */
static size_t purge_or_retire(struct arena *arena, unsigned bucket)
{
    size_t bytes = 0;
    /* order: relaxed -- a policy */
    int64_t all_free = ep__load_relaxed(&ep__arenas.all_free);
    bool is_surplus = all_free > (int64_t)ep__option_get(EP__OPTION_KEEP_EMPTY);
    if (bucket == EP__ARENA_SLOTS && is_surplus && retire(arena, &bytes))
        return bytes;
    return purge_arena(arena);
}

/* Purges arenas in the buckets from 64 downward until at most `target` bytes are retained. */
static size_t purge_emptiest(size_t target, unsigned arenas_max)
{
    size_t bytes = 0;
    for (unsigned n = EP__ARENA_SLOTS; n >= 1; n--) {
        for (unsigned i = 0; i < EP__WINDOWS_MAX && ep__window_at(i) != NULL; i++) {
            struct window *window = ep__window_at(i);
            uint32_t id = ep__arena_set_next(window, EP__SET_BUCKET + n, 0);
            for (; id != EP__ARENA_NONE;
                 id = ep__arena_set_next(window, EP__SET_BUCKET + n, id + 1)) {
                if (ep__retire_retained_bytes() <= target || arenas_max == 0)
                    return bytes;
                size_t gone = purge_or_retire(ep__arena_at(window, id), n);
                arenas_max -= gone != 0;
                bytes += gone;
            }
        }
    }
    return bytes;
}

/* Whether what is retained has been above the bound for purge_delay, or is far above it.  Who gets true purges. */
static bool is_due(size_t retained, size_t bound)
{
    uint64_t now = ep__clock_ms() + 1;
    uint64_t since = 0;
    /* order: relaxed -- a policy: the time since when there is too much; 0: there is not */
    if (ep__cas_strong_relaxed(&excess_since_ms, &since, now))
        since = now;
    bool is_late = now - since >= ep__option_get(EP__OPTION_PURGE_DELAY);
    if (!is_late && !is_urgent(retained, bound))
        return false;
    /* order: relaxed -- see above; of several at least one that swaps purges */
    return ep__cas_strong_relaxed(&excess_since_ms, &since, now);
}

/* Huge mappings first, because they are the ones that cost least to give back.  Returns the bytes given back. */
static size_t purge_to(size_t target, unsigned arenas_max)
{
    note_purge();
    size_t retained = ep__retire_retained_bytes();
    size_t cached = ep__huge_cached_bytes();
    size_t excess = retained > target ? retained - target : 0;
    size_t bytes = ep__huge_trim(cached > excess ? cached - excess : 0);
    return bytes + purge_emptiest(target, arenas_max);
}

size_t ep__retire_purge_some(size_t target)
{
    return purge_to(target, PURGED_ARENAS_MAX);
}

void ep__retire_purge_now(void)
{
    size_t bound = ep__retire_bound_bytes();
    if (ep__retire_retained_bytes() > bound)
        (void)purge_to(bound, UINT32_MAX);
}

void ep__retire_purge_excess(void)
{
    size_t bound = ep__retire_bound_bytes();
    size_t retained = ep__retire_retained_bytes();
    if (ep__unlikely(retained > bound)) {
        if (is_due(retained, bound))
            (void)purge_to(bound / 4 * 3, PURGED_ARENAS_MAX);
        return;
    }
    /* order: relaxed -- a policy */
    if (ep__load_relaxed(&excess_since_ms) != 0) {
        /* order: relaxed -- a policy */
        ep__store_relaxed(&excess_since_ms, 0);
    }
}

/* After the grace period: nobody who could see the range retired looks at it any more.  It stays in the set while
 * it waits, so anyone may have taken it again; then, or when it was retired anew, nothing is to be done. */
static void release_commit_charge(struct epoch_entry *entry)
{
    struct arena *arena = (struct arena *)((char *)entry - offsetof(struct arena, release_entry));
    bool is_mine = ep__arena_set_remove(arena->window, EP__SET_RETIRED, arena->id);
    if (is_mine && arena->retirements == arena->filed_retirement &&
        ep__vm_decommit(ep__arena_base(arena), EP__ARENA_BYTES)) {
        arena->is_committed = 0;
        ep__arena_events_tell(arena, EP__EVENT_ARENA_RECLAIMED, ep__arena_events_since(arena),
                              (struct change){0, 0});
    }
    /* order: release RET -- pairs with file_release; carries the entry, which may be filed again */
    ep__store_release(&arena->is_filed, 0);
    if (is_mine)
        ep__arena_set_add(arena->window, EP__SET_RETIRED, arena->id);
}

/* Files the release of a retired range's commit charge, if it has one and is not filed yet. */
static void file_release(struct arena *arena, struct epoch_record *record)
{
    if (!ep__arena_set_remove(arena->window, EP__SET_RETIRED, arena->id))
        return;
    /* order: acquire RET -- pairs with release_commit_charge; the entry is free to be used */
    bool is_filed = ep__load_acquire(&arena->is_filed) != 0;
    bool files = arena->is_committed && !is_filed;
    if (files) {
        arena->filed_retirement = arena->retirements;
        /* order: relaxed -- the range is out of the set, so nobody else files it; RET carries it on */
        ep__store_relaxed(&arena->is_filed, 1);
        ep__epoch_defer(record, &arena->release_entry, release_commit_charge);
    }
    ep__arena_set_add(arena->window, EP__SET_RETIRED, arena->id);
}

static void release_retired(struct window *window, struct epoch_record *record)
{
    uint32_t id = ep__arena_set_next(window, EP__SET_RETIRED, 0);
    for (; id != EP__ARENA_NONE; id = ep__arena_set_next(window, EP__SET_RETIRED, id + 1)) {
        ep__epoch_enter(record);
        file_release(ep__arena_at(window, id), record);
        ep__epoch_exit(record);
    }
}

/* Retires the wholly free arenas of a window. */
static size_t retire_all_free(struct window *window)
{
    size_t bytes = 0;
    uint32_t id = ep__arena_set_next(window, EP__SET_BUCKET + EP__ARENA_SLOTS, 0);
    for (; id != EP__ARENA_NONE;
         id = ep__arena_set_next(window, EP__SET_BUCKET + EP__ARENA_SLOTS, id + 1))
        (void)retire(ep__arena_at(window, id), &bytes);
    return bytes;
}

size_t ep__retire_purge_all(struct epoch_record *record)
{
    size_t bytes = 0;
    note_purge();
    for (unsigned i = 0; i < EP__WINDOWS_MAX && ep__window_at(i) != NULL; i++)
        bytes += retire_all_free(ep__window_at(i));
    bytes += purge_emptiest(0, UINT32_MAX);
    bytes += ep__huge_trim(0);
    if (record == NULL)
        return bytes;
    for (unsigned i = 0; i < EP__WINDOWS_MAX && ep__window_at(i) != NULL; i++)
        release_retired(ep__window_at(i), record);
    ep__epoch_poll(record);
    return bytes;
}
