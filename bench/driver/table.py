"""Tables of ratios to the best of each row, with geometric means, as text."""

import math
from dataclasses import dataclass
from statistics import median

# Groups of rows whose ratios are in the mean of all; others have a mean of their own only.
IN_THE_MEAN = ["1 thread", "2 threads", "8 threads", "1000 threads"]
MEANS = [("geomean all", IN_THE_MEAN), ("geomean 1 thread", ["1 thread"]),
         ("geomean 2 threads", ["2 threads"]), ("geomean 8 threads", ["8 threads"]),
         ("geomean 16 threads", ["16 threads"]), ("geomean programs", ["applications"])]


def spread_percent(values):
    """(highest - lowest) / median, in percent."""
    return 100 * (max(values) - min(values)) / median(values) if median(values) else 0.0


def geometric_mean(values):
    return math.exp(sum(math.log(v) for v in values) / len(values)) if values else math.nan


def ratios_of(cells):
    """{name: value or None} to {name: ratio to the best or None}, and the best's name."""
    good = {name: value for name, value in cells.items() if value}
    if not good:
        return {name: None for name in cells}, None
    best = min(good, key=good.get)
    return {name: good[name] / good[best] if name in good else None for name in cells}, best


@dataclass
class TableRow:
    name: str
    group: str
    cells: dict  # {allocator: median or None}
    failures: dict  # {allocator: one word}
    spread: float

    def ratios(self):
        return ratios_of(self.cells)[0]

    def best(self):
        return ratios_of(self.cells)[1]


class RatioTable:
    """One quantity: rows of medians per allocator."""

    def __init__(self, title, unit, divisor=1.0):
        self.title, self.unit, self.divisor = title, unit, divisor
        self.rows = []

    def add(self, name, group, samples, failures):
        """samples: {allocator: [values]}."""
        cells = {a: median(v) if v else None for a, v in samples.items()}
        spread = max((spread_percent(v) for v in samples.values() if v), default=0.0)
        self.rows.append(TableRow(name, group, cells, failures, spread))

    def means(self, allocators, groups):
        """{allocator: (geometric mean of its ratios, a row is missing)}, number of rows."""
        chosen = [row for row in self.rows if row.group in groups]
        ratios = {a: [] for a in allocators}
        for row in chosen:
            for a, ratio in row.ratios().items():
                if ratio:
                    ratios[a].append(ratio)
        means = {a: (geometric_mean(r), len(r) < len(chosen)) for a, r in ratios.items()}
        return means, len(chosen)

    def mean_rows(self, allocators):
        """(title, {allocator: (mean, a row is missing)}, number of rows) of each group there is."""
        for title, groups in MEANS:
            means, count = self.means(allocators, groups)
            if count:
                yield title, means, count

    def best_text(self, row):
        best = row.best()
        return f"{number_text(row.cells[best] / self.divisor)} {self.unit} {best}" if best else "-"

    def lines(self, allocators):
        width = max([len(a) for a in allocators] + [8]) + 2
        label = max([len(row.name) for row in self.rows] + [18])
        yield f"{self.title}"
        names = "".join(a.rjust(width) for a in allocators)
        yield " " * label + names + "  best" + " " * 18 + "spread"
        for row in self.rows:
            ratios = row.ratios()
            text = "".join(cell_text(ratios[a], row.failures.get(a)).rjust(width)
                           for a in allocators)
            yield (row.name.ljust(label) + text + "  " + self.best_text(row).ljust(22)
                   + f" {row.spread:4.0f}%")
        for title, means, count in self.mean_rows(allocators):
            text = "".join(mean_text(means[a]).rjust(width) for a in allocators)
            yield title.ljust(label) + text + f"  ({count} rows)"


def number_text(value):
    """Three digits, or all of those before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def cell_text(ratio, failure):
    if failure:
        return failure
    return (f"{ratio:.0f}" if ratio >= 100 else f"{ratio:.2f}") if ratio else "-"


def mean_text(mean):
    value, is_missing_a_row = mean
    if math.isnan(value):
        return "-"
    return f"{value:.3f}" + ("*" if is_missing_a_row else "")


def print_grid(title, names, columns, cell, width=14):
    """A line a name, cell(name, column) in each column."""
    label = max(len(n) for n in names)
    print(f"\n{title}\n" + " " * label + "".join(column.rjust(width) for column in columns))
    for name in names:
        print(name.ljust(label) + "".join(cell(name, column).rjust(width) for column in columns))
