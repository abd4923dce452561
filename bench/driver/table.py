"""Tables of ratios to the best of each row, with geometric means, as text."""

import math
from statistics import median


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


class RatioTable:
    """One quantity: rows of medians per allocator."""

    def __init__(self, title, unit, divisor=1.0):
        self.title, self.unit, self.divisor = title, unit, divisor
        self.rows = []  # (name, threads, {allocator: median or None}, {allocator: failure}, spread)

    def add(self, name, threads, samples, failures):
        """samples: {allocator: [values]}."""
        cells = {a: median(v) if v else None for a, v in samples.items()}
        spread = max((spread_percent(v) for v in samples.values() if v), default=0.0)
        self.rows.append((name, threads, cells, failures, spread))

    def means(self, allocators, threads=None):
        """{allocator: (geometric mean of its ratios, a row is missing)}, number of rows."""
        chosen = [row for row in self.rows if threads is None or row[1] == threads]
        ratios = {a: [] for a in allocators}
        for _, _, cells, _, _ in chosen:
            for a, ratio in ratios_of(cells)[0].items():
                if ratio:
                    ratios[a].append(ratio)
        means = {a: (geometric_mean(r), len(r) < len(chosen)) for a, r in ratios.items()}
        return means, len(chosen)

    def lines(self, allocators):
        width = max([len(a) for a in allocators] + [8]) + 2
        label = max([len(row[0]) for row in self.rows] + [16])
        yield f"{self.title}"
        names = "".join(a.rjust(width) for a in allocators)
        yield " " * label + names + "  best" + " " * 14 + "spread"
        for name, _, cells, failures, spread in self.rows:
            ratios, best = ratios_of(cells)
            text = "".join(self.cell(ratios[a], failures.get(a)).rjust(width) for a in allocators)
            best_text = f"{cells[best] / self.divisor:.3f} {self.unit} {best}" if best else "-"
            yield name.ljust(label) + text + "  " + best_text.ljust(18) + f" {spread:4.0f}%"
        yield from self.mean_lines(allocators, label, width)

    @staticmethod
    def cell(ratio, failure):
        if failure:
            return failure
        return f"{ratio:.2f}" if ratio else "-"

    def mean_lines(self, allocators, label, width):
        for title, threads in [("geomean all", None), ("geomean 1 thread", 1),
                               ("geomean 2 threads", 2), ("geomean 8 threads", 8)]:
            means, count = self.means(allocators, threads)
            if count == 0:
                continue
            text = "".join((f"{means[a][0]:.3f}" + ("*" if means[a][1] else "")).rjust(width)
                           for a in allocators)
            yield title.ljust(label) + text + f"  ({count} rows)"
