"""The plots of the page, as SVG text to be put into HTML."""

import io
import math
import re
import textwrap

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({
    "svg.fonttype": "none", "svg.hashsalt": "epmalloc",  # text stays text; the same file every time
    "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans", "sans-serif"], "font.size": 9,
    "axes.spines.top": False, "axes.spines.right": False})

from matplotlib import pyplot  # noqa: E402  (the backend is chosen first)

# epmalloc in one strong colour; eleven more that can be told apart, with their own shapes.
OWN_COLOUR, OWN_MARKER = "#c8102e", "D"
STYLES = [("#4c4c4c", "s"), ("#1f77b4", "o"), ("#2ca02c", "^"), ("#e69f00", "v"), ("#56b4e9", "P"),
          ("#9467bd", "X"), ("#006d2c", "<"), ("#74c476", ">"), ("#8c564b", "p"), ("#17becf", "h"),
          ("#bcbd22", "d")]
LEGEND_COLUMNS = 6
FURTHEST = 4.0  # a ratio beyond this stands at the edge of its plot, with its number


def styles_of(names):
    """{allocator: (colour, marker)}"""
    styles, rest = {}, iter(STYLES * (1 + len(names) // len(STYLES)))
    for name in names:
        styles[name] = (OWN_COLOUR, OWN_MARKER) if name == "epmalloc" else next(rest)
    return styles


def svg_of(figure, kind):
    """`kind` keeps the ids of one plot apart from those of the others in the same page."""
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    text = out.getvalue()
    text = text[text.index("<svg"):]
    text = re.sub(r'\b(id="|xlink:href="#|url\(#)', rf"\g<1>{kind}-", text)
    return re.sub(r'<svg ([^>]*?)width="[^"]*" height="[^"]*"', r"<svg \1", text, count=1)


def make_axes(wide, high, left, right, above=0.3):
    """Axes of that size in inches, with that much beside and above them; below is room for a label."""
    below = 0.5
    size = (left + wide + right, below + high + above)
    figure = pyplot.figure(figsize=size)
    return figure, figure.add_axes((left / size[0], below / size[1], wide / size[0], high / size[1]))


def draw_point(axes, x, y, style, is_own):
    """One's own is larger and behind, so that no other is hidden by it."""
    colour, marker = style
    axes.plot([x], [y], linestyle="", marker=marker, color=colour, markersize=9 if is_own else 6,
              markeredgecolor="white", markeredgewidth=0.7, zorder=3 if is_own else 4, clip_on=False)


def tradeoff(times, memories):
    """Time against memory, one point an allocator: {allocator: geometric mean} twice."""
    figure, axes = make_axes(6.2, 3.5, 0.6, 0.2)
    styles = styles_of(list(times))
    points = {n: (times[n], memories[n]) for n in times
              if not math.isnan(times[n]) and not math.isnan(memories[n])}
    for name, (x, y) in points.items():
        draw_point(axes, x, y, styles[name], name == "epmalloc")
    for name, (x, y), offset, side in place_labels(points):
        axes.annotate(name, (x, y), xytext=offset, textcoords="offset points", va="center", ha=side,
                      color=styles[name][0], fontweight="bold" if name == "epmalloc" else "normal")
    axes.set_xlabel("time: geometric mean of the ratios to the best of each row")
    axes.set_ylabel("memory: geometric mean of its ratios")
    axes.margins(0.12)
    axes.grid(True, color="#e4e4e4", linewidth=0.7)
    axes.set_title("Left and low is better", loc="left", fontsize=9, color="#666666")
    return svg_of(figure, "tradeoff")


def place_labels(points):
    """(name, point, offset, alignment): beside, above or below its point, near or farther, where it covers
    nothing.

    Reckoned in shares of the plot's width and height."""
    if not points:
        return
    xs, ys = [x for x, _ in points.values()], [y for _, y in points.values()]
    wide, high = max(xs) - min(xs) or 1.0, max(ys) - min(ys) or 1.0
    spots = {n: ((x - min(xs)) / wide, (y - min(ys)) / high) for n, (x, y) in points.items()}
    taken = [(x - 0.015, y - 0.02, x + 0.015, y + 0.02) for x, y in spots.values()]
    for name, (x, y) in sorted(spots.items(), key=lambda item: item[0] != "epmalloc"):
        size = 0.018 * len(name) + 0.01
        places = [((x + 0.02, y), (8, 0), "left"), ((x - 0.02 - size, y), (-8, 0), "right")]
        for step in [1, -1, 2, -2, 3, -3]:
            at, offset = y + 0.065 * step, 13 * step
            places += [((x - size / 2, at), (0, offset), "center"), ((x + 0.02, at), (8, offset), "left"),
                       ((x - 0.02 - size, at), (-8, offset), "right")]
        boxes = [(left, at - 0.03, left + size, at + 0.03) for (left, at), _, _ in places]
        chosen = next((i for i, box in enumerate(boxes) if not any(meet(box, t) for t in taken)), 0)
        taken.append(boxes[chosen])
        yield name, points[name], places[chosen][1], places[chosen][2]


def meet(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def groups_of(table):
    """[(group, [rows])] in the order of the table."""
    groups = {}
    for row in table.rows:
        groups.setdefault(row.group, []).append(row)
    return list(groups.items())


def dots(table, names, kind):
    """One line a row, one mark an allocator, at its ratio to the best of the row."""
    groups = groups_of(table)
    lines = sum(len(rows) + 1 for _, rows in groups)
    high = 0.27 * lines
    figure, axes = make_axes(6.8, high, 1.3, 3.1, 0.35 + 0.2 * math.ceil(len(names) / LEGEND_COLUMNS))
    styles, y, ticks = styles_of(names), 0, []
    for group, rows in groups:
        axes.text(0.0, y, group, transform=axes.get_yaxis_transform(), fontsize=8,
                  color="#666666", va="center", ha="left", style="italic")
        y += 1
        for row in rows:
            draw_row(axes, row, y, styles)
            ticks.append((y, row.name))
            y += 1
    axes.set_yticks([at for at, _ in ticks], [name for _, name in ticks])
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labeltop=True)
    axes.set_ylim(y - 0.4, -0.7)
    axes.set_xscale("log")
    axes.set_xlim(0.97, FURTHEST * 1.06)
    axes.set_xticks([1, 1.1, 1.25, 1.5, 2, 3, 4], ["1", "1.1", "1.25", "1.5", "2", "3", "4"])
    axes.minorticks_off()
    axes.grid(True, axis="x", color="#e4e4e4", linewidth=0.7)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("ratio to the best of the row")
    draw_legend(axes, names, styles, high)
    return svg_of(figure, kind)


def draw_row(axes, row, y, styles):
    ratios = {n: r for n, r in row.ratios().items() if r}
    axes.axhline(y, color="#efefef", linewidth=0.7, zorder=0)
    within = [min(r, FURTHEST) for r in ratios.values()]
    if within:
        axes.plot([min(within), max(within)], [y, y], color="#d0d0d0", linewidth=1.2, zorder=1)
    beyond = []
    for name, ratio in ratios.items():
        if ratio > FURTHEST:
            beyond.append((ratio, name))
        else:
            draw_point(axes, ratio, y, styles[name], name == "epmalloc")
    words = [f"{name} {ratio:.1f}" if ratio < 10 else f"{name} {ratio:.0f}"
             for ratio, name in sorted(beyond)]
    words += [f"{name} {failure}" for name, failure in row.failures.items()]
    if words:
        text = textwrap.wrap("\u2192 " + ", ".join(words), 56, max_lines=2, placeholder=" ...")
        axes.text(FURTHEST * 1.08, y, "\n".join(text), va="center", fontsize=7, color="#444444")


def draw_legend(axes, names, styles, height):
    """Above axes of that height in inches, and above the numbers there."""
    handles = [pyplot.Line2D([], [], linestyle="", color=styles[n][0], marker=styles[n][1],
                             markersize=8 if n == "epmalloc" else 6, label=n) for n in names]
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1.0 + 0.22 / height),
                ncol=LEGEND_COLUMNS, frameon=False, handletextpad=0.2, columnspacing=1.2)
