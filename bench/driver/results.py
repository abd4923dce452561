"""What a run of bench/compare found: one document, which is what the JSON file holds and what the
text tables and the page are made from."""

import json
import math
from statistics import median

from .table import IN_THE_MEAN, RatioTable, geometric_mean, mean_text

QUANTITIES = ["time_s", "cpu_s", "memory_kib", "minor_faults", "rss_idle_kib"]
TITLES = {
    "time_s": ("Time", "s", 1.0),
    "cpu_s": ("CPU (user + system)", "s", 1.0),
    "memory_kib": ("Memory (peak RSS; small rows: highest Rss noted)", "MiB", 1024.0),
    "minor_faults": ("Minor page faults", "faults", 1.0),
    "rss_idle_kib": ("RSS after idling", "MiB", 1024.0),
}
SHORT_TITLES = [("time", "time_s"), ("CPU", "cpu_s"), ("memory", "memory_kib"),
                ("faults", "minor_faults"), ("idle", "rss_idle_kib")]


def failure_of(samples):
    """The word of the first run that failed, or None."""
    return next((s["failure"] for s in samples if "failure" in s), None)


def values_of(samples, quantity):
    """One that failed has none, in whatever runs it did not fail."""
    return [] if failure_of(samples) else [s[quantity] for s in samples if quantity in s]


def medians_of(by_allocator):
    found = {}
    for name, samples in by_allocator.items():
        values = {quantity: values_of(samples, quantity) for quantity in QUANTITIES}
        found[name] = {quantity: median(v) for quantity, v in values.items() if v}
    return found


def make_document(facts, results):
    """results: [(row, {allocator: [samples]})]."""
    return {
        **facts,
        "row_facts": {row.name: {"threads": row.threads, "group": row.group, "memory": row.memory}
                      for row, _ in results},
        "rows": {row.name: samples for row, samples in results},
        "medians": {row.name: medians_of(samples) for row, samples in results},
    }


def write(path, document):
    with open(path, "w", encoding="utf-8") as out:
        json.dump(document, out, indent=1)
        out.write("\n")


def names_of(document):
    return [a["name"] for a in document["allocators"]]


def failures_of(by_allocator):
    failures = {name: failure_of(samples) for name, samples in by_allocator.items()}
    return {name: failure for name, failure in failures.items() if failure}


def tables_of(document):
    """{quantity: RatioTable}, of the quantities that some row has."""
    tables = {}
    for quantity in QUANTITIES:
        title, unit, divisor = TITLES[quantity]
        table = RatioTable(f"{title}, ratio to the best of the row", unit, divisor)
        for name, by_allocator in document["rows"].items():
            cells = {a: values_of(samples, quantity) for a, samples in by_allocator.items()}
            if any(cells.values()):
                group = document["row_facts"][name]["group"]
                table.add(name, group, cells, failures_of(by_allocator))
        if table.rows:
            tables[quantity] = table
    return tables


def summary_of(document, tables):
    """(names of the columns, {allocator: [texts]}): one line an allocator."""
    names = names_of(document)
    columns = [title for title, quantity in SHORT_TITLES if quantity in tables] + ["fastest in", "failed"]
    lines = {name: [] for name in names}
    for _, quantity in SHORT_TITLES:
        if quantity in tables:
            means, _ = tables[quantity].means(names, summary_groups(document))
            for name in names:
                lines[name].append(mean_text(means[name]))
    for name in names:
        fastest = sum(row.best() == name for row in tables["time_s"].rows) if "time_s" in tables else 0
        failed = sum(failure_of(samples[name]) is not None for samples in document["rows"].values())
        lines[name] += [str(fastest), str(failed)]
    return columns, lines


def summary_groups(document):
    """The groups of the mean of all; of a run without any of them, whatever there is."""
    present = {facts["group"] for facts in document["row_facts"].values()}
    return IN_THE_MEAN if present & set(IN_THE_MEAN) else sorted(present)


def summary_text(document, tables):
    columns, lines = summary_of(document, tables)
    label = max(len(name) for name in lines)
    yield "Summary: geometric means of the ratios to the best of each row"
    yield " " * label + "".join(c.rjust(12) for c in columns)
    for name, texts in lines.items():
        yield name.ljust(label) + "".join(t.rjust(12) for t in texts)


def growth_of(document, few, many):
    """{allocator: geometric mean of time with `many` threads / time with `few`}, rows' stems.

    The work of a program does not depend on its number of threads, so this is the growth of
    the time per operation."""
    medians = document["medians"]
    facts = document["row_facts"]
    stems = [name[:-len(str(few))] for name in medians
             if facts[name]["threads"] == few and name.endswith(str(few))]
    stems = [stem for stem in stems if f"{stem}{many}" in medians]
    growth = {}
    for name in names_of(document):
        ratios = [medians[f"{stem}{many}"][name]["time_s"] / medians[f"{stem}{few}"][name]["time_s"]
                  for stem in stems if "time_s" in medians[f"{stem}{many}"].get(name, {})
                  and "time_s" in medians[f"{stem}{few}"].get(name, {})]
        growth[name] = geometric_mean(ratios) if len(ratios) == len(stems) else math.nan
    return growth, stems


def growths_of(document):
    """(few, many, {allocator: growth}, number of rows), of those pairs that are in the run."""
    for few, many in [(2, 8), (2, 16)]:
        growth, stems = growth_of(document, few, many)
        if stems:
            yield few, many, growth, len(stems)


def growth_text(document):
    """Lines on oversubscription; none when the rows for it are not in the run."""
    for few, many, growth, count in growths_of(document):
        yield (f"Time per operation, {many} threads against {few} ({count} rows): "
               + ", ".join(f"{name} {mean_text((growth[name], False))}" for name in names_of(document)))
