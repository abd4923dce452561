"""Draws heaps: an arena a row, a pool a cell, its colour how full it is; and tables beside it."""
from html import escape

from . import snapshot as snapshots

CELL = 7  # pixels
SLOTS = 64
GAP = 40
ROWS_MOST = 160
UNUSED = "#ffffff"  # no pool was ever there, or it is free
FREE = "#e4e4e4"  # a pool without a block in use
# From nearly empty to full.
SHADES = ("#fde0c5", "#facba6", "#f8b58b", "#f59e72", "#f2855d", "#ef6a4c", "#d14f45", "#a83a42", "#7d2a3b", "#541f33")


def shade(pool):
    if pool.in_use == 0:
        return FREE
    return SHADES[min(len(SHADES) - 1, pool.in_use * len(SHADES) // pool.blocks)]


def cells_of(snapshot, arena_start, pools):
    """(slot, slots, pool) of an arena's pools."""
    base = -(-arena_start // snapshot.slot_bytes) * snapshot.slot_bytes
    for pool in pools:
        yield (pool.start - base) // snapshot.slot_bytes, max(1, pool.bytes // snapshot.slot_bytes), pool


def describe(pool):
    return f"{pool.start:#x}: {pool.in_use} of {pool.blocks} blocks of {pool.block_bytes} bytes in use"


def draw_cells(cells):
    """Each with its words, for a page in which one can point at them."""
    for x, y, width, pool in cells:
        yield (f'<rect x="{x}" y="{y}" width="{width}" height="{CELL - 1}" fill="{shade(pool)}">'
               f"<title>{describe(pool)}</title></rect>")


def draw_colours(cells):
    """All of one colour together, which is a tenth of the length."""
    paths = {}
    for x, y, width, pool in cells:
        paths.setdefault(shade(pool), []).append(f"M{x} {y}h{width}v{CELL - 1}h-{width}z")
    for colour, path in sorted(paths.items()):
        yield f'<path fill="{colour}" d="{"".join(path)}"/>'


def draw(snapshot, left, draw_pools):
    """One heap as SVG elements, its first arenas if there are many, and the height in pixels."""
    by_arena = {}
    for pool in snapshot.pools:
        by_arena.setdefault(pool.arena, []).append(pool)
    shown = snapshot.arenas[:ROWS_MOST]
    title = f"{snapshot.allocator}: {len(snapshot.arenas)} arenas"
    if len(shown) < len(snapshot.arenas):
        title += f", the first {len(shown)} shown"
    parts = [f'<g transform="translate({left} 0)"><text x="0" y="14">{title}</text>',
             f'<rect x="0" y="22" width="{SLOTS * CELL}" height="{len(shown) * CELL}" fill="{UNUSED}" '
             'stroke="#bbbbbb" stroke-width="0.5"/>']
    parts += draw_pools((slot * CELL, 22 + row * CELL, slots * CELL - 1, pool) for row, arena in enumerate(shown)
                        for slot, slots, pool in cells_of(snapshot, arena[0], by_arena.get(arena[0], ())))
    return [*parts, "</g>"], 22 + len(shown) * CELL


def legend(top):
    parts = [f'<g transform="translate(0 {top})">']
    for i, colour in enumerate((UNUSED, FREE, *SHADES)):
        parts.append(f'<rect x="{i * 2 * CELL}" y="0" width="{2 * CELL}" height="{CELL}" fill="{colour}" '
                     'stroke="#bbbbbb" stroke-width="0.5"/>')
    words = "not used; a free pool; pools with few blocks in use to full ones. A row is an arena, a cell a pool."
    parts.append(f'<text x="{13 * 2 * CELL}" y="{CELL}">{words}</text></g>')
    return parts


def svg(heaps, draw_pools=draw_colours):
    """Heaps side by side as one SVG document."""
    parts, height = [], 0
    for i, heap in enumerate(heaps):
        drawn, tall = draw(heap, i * (SLOTS * CELL + GAP), draw_pools)
        parts += drawn
        height = max(height, tall)
    parts += legend(height + 12)
    width = len(heaps) * (SLOTS * CELL + GAP)
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height + 32}" '
            'font-family="sans-serif" font-size="11">')
    return "\n".join([head, *parts, "</svg>"]) + "\n"


def text_tables(heaps):
    """The figures of heaps side by side, and their size classes."""
    lines = [f"{'':32}" + "".join(f"{heap.allocator:>28}" for heap in heaps)]
    for row in zip(*map(snapshots.figures, heaps)):
        lines.append(f"{row[0][0]:32}" + "".join(f"{value:>28}" for _, value in row))
    for heap in heaps:
        lines += ["", f"{heap.allocator}: class size, pools, blocks in use, available blocks"]
        lines += [f"{row.block_bytes:11}{row.pools:12}{row.in_use:16}{row.available:14}"
                  for row in snapshots.classes(heap)]
    return "\n".join(lines)


def html(heaps, title):
    """A page that needs no other file."""
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>\n'
            f'<body style="font-family: sans-serif"><h1>{escape(title)}</h1>\n{svg(heaps, draw_cells)}'
            f"<pre>{escape(text_tables(heaps))}</pre></body></html>\n")
