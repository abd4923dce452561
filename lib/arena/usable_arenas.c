/* usable_arenas.  The argument stands in usable_arenas.h. */
#include "arena/usable_arenas.h"

#include "arena/arena_events.h"

enum { HOLES = 4 };

/* Slots i such that i is a multiple of 2^h. */
static const uint64_t aligned_slots[HOLES + 1] = {
    ~UINT64_C(0),
    UINT64_C(0x5555555555555555),
    UINT64_C(0x1111111111111111),
    UINT64_C(0x0101010101010101),
    UINT64_C(0x0001000100010001),
};

static bool has_hole(uint64_t word, unsigned hole)
{
    return (ep__bits_runs(word, 1U << hole) & aligned_slots[hole]) != 0;
}

/* Whether an arena in bucket `bucket` with `count` free slots is where it should be. */
static bool is_settled(uint32_t bucket, uint32_t count)
{
    if (bucket == count)
        return true;
    if (count <= 1 || count >= 63 || bucket == 0)
        return false;
    return bucket + 1 == count || count + 1 == bucket;
}

/* Removes an arena from a bucket that it has left, and looks again. */
static void leave_bucket(struct arena *arena, uint32_t bucket)
{
    ep__arena_set_remove(arena->window, EP__SET_BUCKET + bucket, arena->id);
    /* order: seq_cst BKT -- pairs with the compare-and-swap in ep__usable_arenas_update: who moved the arena
     * back before the bit was cleared is seen here; who does it later sets the bit anew */
    if (ep__load_seq_cst(&arena->bucket) == bucket)
        ep__arena_set_add(arena->window, EP__SET_BUCKET + bucket, arena->id);
}

void ep__usable_arenas_update(struct arena *arena)
{
    for (;;) {
        /* order: seq_cst BKT -- store-load pair with whoever changed the word and then read the bucket: either
         * that thread sees our bucket, or we see its word; without it a free slot may be in no bucket */
        uint32_t count = ep__bits_count(ep__load_seq_cst(&arena->free_slots));
        /* order: seq_cst BKT -- the other half of the pair */
        uint32_t bucket = ep__load_seq_cst(&arena->bucket);
        if (is_settled(bucket, count))
            return;
        uint64_t since = ep__arena_events_since(arena);
        /* order: seq_cst BKT -- orders the move before the second look at the word.  ABA: a bucket that came
         * back to the same number is the same truth */
        if (!ep__cas_strong_seq_cst(&arena->bucket, &bucket, count))
            continue;
        ep__arena_events_tell(arena, EP__EVENT_ARENA_MOVED, since, (struct change){bucket, count});
        if (count != 0)
            ep__arena_set_add(arena->window, EP__SET_BUCKET + count, arena->id);
        if (bucket != 0)
            leave_bucket(arena, bucket);
    }
}

void ep__usable_arenas_note_holes(struct arena *arena, uint64_t before, uint64_t after)
{
    for (unsigned hole = 1; hole <= HOLES; hole++) {
        if (!has_hole(after, hole))
            return;
        if (!has_hole(before, hole))
            ep__arena_set_add(arena->window, EP__SET_HOLE + hole, arena->id);
    }
}

void ep__usable_arenas_correct_hole(struct arena *arena, unsigned hole)
{
    ep__arena_set_remove(arena->window, EP__SET_HOLE + hole, arena->id);
    /* order: acquire SLT -- pairs with ep__arena_give_free: a hole made before the bit was cleared is seen */
    if (has_hole(ep__load_acquire(&arena->free_slots), hole))
        ep__arena_set_add(arena->window, EP__SET_HOLE + hole, arena->id);
}

/* The first member of one bucket that belongs there; members that do not are put right on the way. */
static struct arena *first_of_bucket(struct window *window, uint32_t bucket)
{
    uint32_t id = ep__arena_set_next(window, EP__SET_BUCKET + bucket, 0);
    while (id != EP__ARENA_NONE) {
        struct arena *arena = ep__arena_at(window, id);
        /* order: relaxed -- a stale bucket sends us through leave_bucket, which reads again */
        if (ep__load_relaxed(&arena->bucket) == bucket)
            return arena;
        leave_bucket(arena, bucket);
        id = ep__arena_set_next(window, EP__SET_BUCKET + bucket, id + 1);
    }
    return NULL;
}

struct arena *ep__usable_arenas_fullest(unsigned bucket)
{
    for (unsigned i = 0; i < EP__WINDOWS_MAX; i++) {
        struct window *window = ep__window_at(i);
        if (window == NULL)
            return NULL;
        if (ep__window_is_closed(window))
            continue;
        for (uint32_t n = bucket; n <= EP__ARENA_SLOTS; n++) {
            /* order: relaxed -- a hint; what it hides the sweep finds */
            if (ep__load_relaxed(&window->set_tops[EP__SET_BUCKET + n]) == 0)
                continue;
            struct arena *arena = first_of_bucket(window, n);
            if (arena != NULL)
                return arena;
        }
    }
    return NULL;
}

struct arena *ep__usable_arenas_with_hole(unsigned hole, const struct arena *after)
{
    for (unsigned i = 0; i < EP__WINDOWS_MAX; i++) {
        struct window *window = ep__window_at(i);
        if (window == NULL)
            return NULL;
        if (ep__window_is_closed(window) || (after != NULL && after->window != window))
            continue;
        uint32_t from = after == NULL ? 0 : after->id + 1;
        after = NULL;
        uint32_t id = ep__arena_set_next(window, EP__SET_HOLE + hole, from);
        if (id != EP__ARENA_NONE)
            return ep__arena_at(window, id);
    }
    return NULL;
}
