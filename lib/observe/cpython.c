/* CPython's table.  The argument stands in cpython.h. */
#include "observe/cpython.h"

#include "arena/arena.h"
#include "pool/size_class.h"

enum { TITLE_WIDTH = 35, VALUE_WIDTH = 21 };

static void put_line(struct stream *stream, const char *title, uint64_t value)
{
    ep__stream_put_padded(stream, title, TITLE_WIDTH);
    ep__stream_put(stream, "=");
    ep__stream_put_thousands(stream, value, VALUE_WIDTH);
    ep__stream_put(stream, "\n");
}

/* With a title such as "3 arenas * 4194304 bytes/arena". */
static void put_product(struct stream *stream, uint64_t count, const char *things, uint64_t bytes,
                        const char *unit)
{
    char title[TITLE_WIDTH * 2];
    struct text text;
    ep__text_begin(&text, title, sizeof title);
    ep__text_put_dec(&text, count);
    ep__text_put(&text, things);
    ep__text_put_dec(&text, bytes);
    ep__text_put(&text, unit);
    put_line(stream, title, count * bytes);
}

static void put_class(struct stream *stream, const struct ep_class *class)
{
    uint64_t pools = class->pools_owned + class->pools_full + class->pools_partial;
    if (pools == 0)
        return;
    ep__stream_put_right(stream, class->index, 5);
    ep__stream_put_right(stream, class->block_bytes, 7);
    ep__stream_put_right(stream, pools, 12);
    ep__stream_put_right(stream, class->blocks_in_use, 16);
    ep__stream_put_right(stream, class->blocks_available, 14);
    ep__stream_put(stream, "\n");
}

static void put_classes(struct stream *stream, const struct account *account)
{
    ep__stream_put(stream, "Small block threshold = ");
    ep__stream_put_dec(stream, EP__CLASS_BYTES_MAX);
    ep__stream_put(stream, ", in ");
    ep__stream_put_dec(stream, EP__CLASSES);
    ep__stream_put(stream, " size classes.\n\n"
                           "class   size   num pools   blocks in use  avail blocks\n"
                           "-----   ----   ---------   -------------  ------------\n");
    for (unsigned i = 0; i < EP__CLASSES; i++)
        put_class(stream, &account->classes[i]);
    ep__stream_put(stream, "\n");
}

static void put_arenas(struct stream *stream, const struct ep_stats *totals)
{
    put_line(stream, "# arenas allocated total", totals->arenas_created);
    put_line(stream, "# arenas reclaimed", totals->arenas_retired);
    put_line(stream, "# arenas highwater mark", totals->arenas_highwater);
    put_line(stream, "# arenas allocated current", totals->arenas);
    put_product(stream, totals->arenas, " arenas * ", EP__ARENA_BYTES, " bytes/arena");
    ep__stream_put(stream, "\n");
}

static void put_bytes(struct stream *stream, const struct ep_stats *totals)
{
    put_line(stream, "# bytes in allocated blocks", totals->in_use_bytes);
    put_line(stream, "# bytes in available blocks", totals->available_bytes);
    put_line(stream, "# bytes in allocated runs", totals->run_bytes);
    put_product(stream, totals->unused_pools, " unused pools * ", EP__SLOT_BYTES, " bytes");
    put_line(stream, "# bytes lost to pool headers", 0);
    put_line(stream, "# bytes lost to quantization", totals->quantization_bytes);
    put_line(stream, "# bytes lost to arena alignment", 0);
    put_line(stream, "# bytes in transition", totals->unaccounted_bytes);
    put_line(stream, "Total", totals->total_bytes);
    put_line(stream, "# allocated bytes uncertain", totals->uncertain_bytes);
    ep__stream_put(stream, "\n");
}

/* What the map costs: the list of windows is its root, a window's header a middle node, the tables of 64 arenas a
 * bottom node. */
struct map {
    uint64_t windows;
    uint64_t groups;
    uint64_t bottom_bytes;
};

static struct map measure_map(void)
{
    enum { SLOT_BYTES = EP__DESCRIPTOR_BYTES + sizeof(uint32_t) };
    struct map map = {0, 0, 0};
    for (unsigned i = 0; i < EP__WINDOWS_MAX && ep__window_at(i) != NULL; i++) {
        uint64_t begun = ep__arena_ids_begun(ep__window_at(i));
        map.windows++;
        map.groups += (begun + EP__GROUP_ARENAS - 1) / EP__GROUP_ARENAS;
    }
    map.bottom_bytes = map.groups * (sizeof(struct arena_group) +
                                     (uint64_t)EP__GROUP_ARENAS * EP__ARENA_SLOTS * SLOT_BYTES);
    return map;
}

static void put_map(struct stream *stream)
{
    struct map map = measure_map();
    uint64_t window_bytes = map.windows * sizeof(struct window);
    ep__stream_put(stream, "arena map counts\n");
    put_line(stream, "# arena map mid nodes", map.windows);
    put_line(stream, "# arena map bot nodes", map.groups);
    ep__stream_put(stream, "\n");
    put_line(stream, "# bytes lost to arena map root", sizeof ep__windows);
    put_line(stream, "# bytes lost to arena map mid", window_bytes);
    put_line(stream, "# bytes lost to arena map bot", map.bottom_bytes);
    put_line(stream, "Total", sizeof ep__windows + window_bytes + map.bottom_bytes);
}

void ep__cpython_put(struct stream *stream, const struct account *account)
{
    put_classes(stream, account);
    put_arenas(stream, &account->totals);
    put_bytes(stream, &account->totals);
    put_map(stream);
}
