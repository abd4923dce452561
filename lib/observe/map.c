/* The map.  The argument stands in map.h. */
#include "observe/map.h"

#include "arena/huge.h"
#include "cache/fork.h"
#include "cache/thread.h"
#include "observe/account.h"
#include "observe/view.h"
#include "sys/vm.h"

static void put_field(struct stream *stream, const char *before, uint64_t value)
{
    ep__stream_put(stream, before);
    ep__stream_put_dec(stream, value);
}

static void put_classes(struct stream *stream)
{
    for (unsigned i = 0; i < EP__CLASSES; i++) {
        put_field(stream, i == 0 ? "{\"index\":" : ",\n{\"index\":", i);
        put_field(stream, ",\"block_bytes\":", ep__size_classes[i].bytes);
        put_field(stream, ",\"blocks\":", ep__size_classes[i].capacity);
        put_field(stream, ",\"slots\":", ep__size_classes[i].slots);
        ep__stream_put(stream, "}");
    }
}

static void put_view(struct stream *stream, const struct view *view)
{
    static const unsigned states[] = {[EP__OWNED] = 0, [EP__FULL] = 1, [EP__PARTIAL] = 2};
    put_field(stream, "[", view->slot);
    put_field(stream, ",", view->slots);
    switch (view->kind) {
    case EP__VIEW_POOL:
        put_field(stream, ",", view->class);
        put_field(stream, ",", states[view->state]);
        put_field(stream, ",", view->owner);
        put_field(stream, ",", view->free_blocks);
        put_field(stream, ",", view->is_exact);
        break;
    case EP__VIEW_RUN:
        ep__stream_put(stream, ",-1,1,0,0,1");
        break;
    case EP__VIEW_TRANSITION:
        ep__stream_put(stream, ",-2,0,0,0,0");
        break;
    }
    ep__stream_put(stream, "]");
}

static void put_pools(struct stream *stream, struct arena *arena)
{
    uint64_t free = ep__view_free(arena);
    bool is_first = true;
    struct view view = {.slots = 1};
    for (unsigned slot = 0; slot < EP__ARENA_SLOTS; slot += view.slots) {
        view.slots = 1;
        if ((free >> slot & 1U) != 0)
            continue;
        ep__view_slot(arena, slot, &view);
        ep__stream_put(stream, is_first ? "" : ",");
        put_view(stream, &view);
        is_first = false;
    }
}

static void put_arena(struct stream *stream, unsigned window, struct arena *arena)
{
    struct ep_arena shown;
    ep__account_arena(window, arena, &shown);
    put_field(stream, "{\"window\":", shown.window);
    put_field(stream, ",\"id\":", shown.id);
    put_field(stream, ",\"start\":", (uintptr_t)shown.start);
    put_field(stream, ",\"free_mask\":", shown.free_mask);
    put_field(stream, ",\"dirty_mask\":", shown.dirty_mask);
    put_field(stream, ",\"occupancy\":", shown.occupancy);
    put_field(stream, ",\"age_ms\":", shown.age_ms);
    ep__stream_put(stream, ",\"pools\":[");
    put_pools(stream, arena);
    ep__stream_put(stream, "]}");
}

static void put_arenas(struct stream *stream)
{
    struct cache *cache = ep__thread_cache();
    struct arena *arena;
    unsigned window = 0;
    uint32_t id = 0;
    const char *before = "";
    ep__fork_look(cache);
    if (cache != NULL)
        ep__epoch_enter(&cache->epoch);
    for (; (arena = ep__view_next_arena(&window, &id)) != NULL; id++) {
        ep__stream_put(stream, before);
        put_arena(stream, window, arena);
        before = ",\n";
    }
    if (cache != NULL)
        ep__epoch_exit(&cache->epoch);
}

/* What visits huge blocks. */
struct listing {
    struct stream *stream;
    const char *before;
};

static int put_huge(void *p, size_t bytes, void *argument)
{
    struct listing *listing = argument;
    put_field(listing->stream, listing->before, (uintptr_t)p);
    put_field(listing->stream, ",", bytes);
    ep__stream_put(listing->stream, "]");
    listing->before = ",[";
    return listing->stream->failure;
}

void ep__map_put(struct stream *stream)
{
    struct listing listing = {stream, "["};
    put_field(stream, "{\"map\":1,\"page_bytes\":", ep__vm_page_bytes());
    put_field(stream, ",\"slot_bytes\":", EP__SLOT_BYTES);
    put_field(stream, ",\"arena_bytes\":", EP__ARENA_BYTES);
    ep__stream_put(stream, ",\n\"classes\":[");
    put_classes(stream);
    ep__stream_put(stream, "],\n\"arenas\":[");
    put_arenas(stream);
    ep__stream_put(stream, "],\n\"huge\":[");
    (void)ep__huge_each(put_huge, &listing);
    ep__stream_put(stream, "]}\n");
}
