"""Heap maps as SVG, and as one HTML page that needs nothing else."""
import collections
import html
import importlib.resources

from . import text

CELL_WIDTH, CELL_HEIGHT, GAP = 14, 14, 3
LEFT, TOP, RIGHT = 96, 92, 330
MODES = ("state", "class", "occupancy")
STATE_COLOURS = {"owned": "#3b7dd8", "full": "#1b3f73", "partial": "#f0a030", "run": "#7b5ea7", "moving": "#888888",
                 "free": "#ffffff", "dirty": "#d9d4c5"}
STATE_WORDS = {"owned": "owned by a thread", "full": "ownerless, full", "partial": "ownerless, partly free",
               "run": "one block of 32 KiB to 1 MiB", "moving": "on its way", "free": "free, given back",
               "dirty": "free, in memory"}
# From hardly used to full.
OCCUPANCY_COLOURS = ("#fde0c5", "#facba6", "#f8b58b", "#f2855d", "#ef6a4c", "#d6403d", "#b3202c", "#7a0d1e", "#a9bccf")
UNKNOWN = 8
LEGEND_MAX = 20


def class_colour(index):
    """Neighbouring classes differ in hue, and bigger blocks are darker."""
    return f"hsl({index * 47 % 360},60%,{72 - index * 40 // 80}%)"


def occupancy_step(pool):
    if not pool.exact:
        return UNKNOWN
    return min(7, 8 * pool.live // pool.blocks)


def colour(pool, mode):
    if mode == "state" or pool.class_index < 0:
        return STATE_COLOURS[pool.state]
    if mode == "class":
        return class_colour(pool.class_index)
    return OCCUPANCY_COLOURS[occupancy_step(pool)]


def describe(pool, page_bytes):
    """What is shown when the pointer rests on a pool."""
    lines = [f"{pool.start:#x}, {STATE_WORDS[pool.state]}" + (f" ({pool.owner})" if pool.state == "owned" else "")]
    if pool.state == "run":
        lines.append(f"a block of {text.size(pool.bytes)}")
    elif pool.class_index >= 0:
        bound = "" if pool.exact else "at most "
        lines.append(f"class {pool.class_index}: blocks of {pool.block_bytes} bytes")
        lines.append(f"{bound}{text.number(pool.live)} of {text.number(pool.blocks)} in use")
    if pool.resident_pages is not None:
        lines.append(f"{text.size(pool.resident_pages * page_bytes)} of {text.size(pool.bytes)} in memory")
    return "\n".join(lines)


def draw_cell(x, y, slots, attributes, words):
    width = slots * (CELL_WIDTH + 1) - 1
    return (f'<rect x="{x}" y="{y}" width="{width}" height="{CELL_HEIGHT}" {attributes}>'
            f"<title>{html.escape(words)}</title></rect>")


def draw_free(arena, slot, x, y, mode):
    kind = "dirty" if arena.dirty_mask >> slot & 1 else "free"
    attributes = f'fill="{STATE_COLOURS[kind]}" class="cell" data-state="{kind}"'
    return draw_cell(x, y, 1, attributes, f"{arena.start + slot * arena.slot_bytes:#x}, {STATE_WORDS[kind]}")


def draw_pool(pool, x, y, mode, page_bytes):
    attributes = f'fill="{colour(pool, mode)}" class="cell" data-state="{pool.state}"'
    if pool.class_index >= 0:
        attributes += f' data-class="{pool.class_index}" data-occupancy="{occupancy_step(pool)}"'
    return draw_cell(x, y, pool.slots, attributes, describe(pool, page_bytes))


def draw_arena(heap, arena, y, mode):
    parts = [f'<text x="{LEFT - 8}" y="{y + 11}" text-anchor="end">arena {arena.id}</text>']
    pools = {pool.slot: pool for pool in arena.pools}
    for slot in range(heap.arena_bytes // heap.slot_bytes):
        x = LEFT + slot * (CELL_WIDTH + 1)
        if slot in pools:
            parts.append(draw_pool(pools[slot], x, y, mode, heap.page_bytes))
        elif arena.free_mask >> slot & 1:
            parts.append(draw_free(arena, slot, x, y, mode))
    live = sum(pool.live_bytes for pool in arena.pools)
    bound = "" if all(pool.exact for pool in arena.pools) else "at most "
    words = f"{arena.free_slots} free, {bound}{text.size(live)} in use"
    if arena.pages is not None:
        words += f", {text.size(sum(arena.pages) * heap.page_bytes)} in memory"
    parts.append(f'<text x="{LEFT + 64 * (CELL_WIDTH + 1) + 8}" y="{y + 11}">{words}</text>')
    return parts


def class_legend(heap):
    """The classes with the most slots, in the order of their sizes."""
    slots = collections.Counter()
    for arena in heap.arenas:
        for pool in arena.pools:
            if pool.class_index >= 0:
                slots[pool.class_index] += pool.slots
    chosen = sorted(index for index, _ in slots.most_common(LEGEND_MAX))
    entries = [(class_colour(i), f"{heap.classes[i]['block_bytes']}") for i in chosen]
    return entries + ([("none", f"and {len(slots) - LEGEND_MAX} more sizes")] if len(slots) > LEGEND_MAX else [])


def legend_of(heap, mode):
    if mode == "class":
        return class_legend(heap)
    if mode == "occupancy":
        return [(shade, "known to the owner only" if i == UNKNOWN else f"{100 * i // 8}-{100 * (i + 1) // 8} %")
                for i, shade in enumerate(OCCUPANCY_COLOURS)]
    return [(STATE_COLOURS[state], STATE_WORDS[state]) for state in STATE_COLOURS]


def draw_legend(heap, mode, y):
    parts, x = [], LEFT
    for shade, words in legend_of(heap, mode):
        parts.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{shade}" stroke="#999"/>'
                     f'<text x="{x + 16}" y="{y + 10}">{html.escape(words)}</text>')
        x += 30 + 6 * len(words)
    return parts


def title_of(heap):
    live = sum(pool.live_bytes for arena in heap.arenas for pool in arena.pools)
    huge = sum(block[1] for block in heap.huge)
    words = f"{heap.name} ({heap.pid}): " if heap.pid else ""
    bound = "" if all(pool.exact for arena in heap.arenas for pool in arena.pools) else "at most "
    words += f"{text.plural(len(heap.arenas), 'arena')} of 4 MiB, {bound}{text.size(live)} in use"
    if heap.is_residency_known:
        words += f", {text.size(heap.resident_bytes())} in memory"
    if huge:
        words += f"; beside them {text.plural(len(heap.huge), 'huge block')}, {text.size(huge)}"
    return words


def draw_svg(heap, mode, arenas_max):
    """The map, fullest arenas first, those without a free pool last."""
    arenas = heap.by_usable_order()[:arenas_max]
    height = TOP + len(arenas) * (CELL_HEIGHT + GAP) + 16
    width = LEFT + 64 * (CELL_WIDTH + 1) + RIGHT
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
             f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
             f'<rect width="{width}" height="{height}" fill="#f6f5f1"/>',
             f'<text x="{LEFT}" y="26" font-size="16">{html.escape(title_of(heap))}</text>',
             f'<text x="{LEFT}" y="44">A row is an arena, a cell a pool of 64 KiB; arenas in the order in which pools '
             f"are taken from them, full ones last</text>"]
    for legend_mode in MODES:
        hidden = "" if legend_mode == mode else ' display="none"'
        parts += [f'<g class="legend" data-mode="{legend_mode}"{hidden}>', *draw_legend(heap, legend_mode, 58), "</g>"]
    for i, arena in enumerate(arenas):
        parts += draw_arena(heap, arena, TOP + i * (CELL_HEIGHT + GAP), mode)
    if len(heap.arenas) > len(arenas):
        parts.append(f'<text x="{LEFT}" y="{height - 4}">and {len(heap.arenas) - len(arenas)} more arenas</text>')
    parts.append("</svg>")
    return "\n".join(parts)


def style_of(mode, values):
    return [f'.by-{mode} .cell[data-{mode}="{key}"]{{fill:{shade}}}' for key, shade in values]


def draw_page(heaps, mode, arenas_max):
    """The maps as a page: colours by choice, and a slider when there are several."""
    styles = style_of("state", STATE_COLOURS.items())
    styles += style_of("class", ((i, class_colour(i)) for i in range(len(heaps[0].classes))))
    styles += style_of("occupancy", enumerate(OCCUPANCY_COLOURS))
    begin = heaps[0].time
    frames = []
    for heap in heaps:
        when = f"{heap.time - begin:.1f} s" if heap.time is not None and begin is not None else ""
        frames.append(f'<div class="frame" data-time="{when}">{draw_svg(heap, mode, arenas_max)}</div>')
    page = importlib.resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    replacements = {"@TITLE@": html.escape(title_of(heaps[-1])), "@STYLES@": "\n".join(styles), "@MODE@": mode,
                    "@FRAMES@": "\n".join(frames)}
    for key, value in replacements.items():
        page = page.replace(key, value)
    return page
