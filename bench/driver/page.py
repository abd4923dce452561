"""A run of bench/compare as one HTML page: summary, plots, tables.  It refers to no other file."""

import html
import math

from . import machine, plots, results
from .table import cell_text, mean_text

STYLE = """
body { font: 15px/1.5 "DejaVu Sans", system-ui, sans-serif; color: #222; background: #fff;
       max-width: 86em; margin: 2em auto; padding: 0 1.5em; }
h1 { font-size: 1.5em; margin-bottom: 0.2em; } h2 { font-size: 1.15em; margin: 2.2em 0 0.4em; }
p { max-width: 48em; } .facts { color: #555; font-size: 0.87em; }
.plot { max-width: 44em; } .scroll { overflow-x: auto; } svg { max-width: 100%; height: auto; display: block; }
table { border-collapse: collapse; font-size: 0.82em; font-variant-numeric: tabular-nums; }
th, td { padding: 0.22em 0.6em; text-align: right; white-space: nowrap; }
th { border-bottom: 1px solid #999; font-weight: 600; vertical-align: bottom; }
td:first-child, th:first-child { text-align: left; }
td.own { font-weight: 600; } th.best, td.best { text-align: left; color: #555; }
tr.mean td { border-top: 1px solid #ddd; font-weight: 600; }
td.failed { background: #f6c9c9; } .facts td { text-align: left; white-space: normal; }
summary { cursor: pointer; color: #555; margin-top: 0.6em; }
"""
HEADINGS = {"time_s": "Time", "cpu_s": "CPU time, user and system", "memory_kib": "Memory",
            "minor_faults": "Minor page faults", "rss_idle_kib": "RSS after idling"}
REMARKS = {
    "time_s": "The work of a row is fixed, so less time is better.",
    "cpu_s": "The safer figure on a busy machine: where it disagrees with time, the machine was.",
    "memory_kib": "Peak RSS; of small rows the highest Rss that the program noted itself.",
    "minor_faults": "Of the whole process, start-up included; a huge page is one fault.",
    "rss_idle_kib": "After 1 to 1.5 s in which the program does nothing.",
}
WITHOUT_PLOT = ["minor_faults"]


def shade(ratio):
    """From white at 1 to orange at 2 and beyond."""
    share = min(1.0, math.log2(ratio)) if ratio > 1 else 0.0
    return f"rgb(255,{255 - int(75 * share)},{255 - int(140 * share)})"


def cell_html(ratio, failure, is_own):
    own = ' class="own"' if is_own else ""
    if failure:
        return f'<td class="failed">{html.escape(failure)}</td>'
    style = f' style="background:{shade(ratio)}"' if ratio else ""
    return f"<td{own}{style}>{cell_text(ratio, None)}</td>"


def table_html(table, names):
    head = "".join(f"<th>{html.escape(n)}</th>" for n in names)
    yield f"<table><tr><th></th>{head}<th class=best>best</th><th>spread</th></tr>"
    for row in table.rows:
        ratios = row.ratios()
        cells = "".join(cell_html(ratios[n], row.failures.get(n), n == "epmalloc") for n in names)
        yield (f"<tr><td>{row.name}</td>{cells}<td class=best>{html.escape(table.best_text(row))}"
               f"</td><td>{row.spread:.0f} %</td></tr>")
    for title, means, count in table.mean_rows(names):
        cells = "".join(f"<td>{mean_text(means[n])}</td>" for n in names)
        yield f"<tr class=mean><td>{title}</td>{cells}<td class=best>{count} rows</td><td></td></tr>"
    yield "</table>"


def summary_html(document, tables):
    columns, lines = results.summary_of(document, tables)
    head = "".join(f"<th>{c}</th>" for c in columns)
    yield f"<table><tr><th></th>{head}</tr>"
    for name, texts in lines.items():
        own = ' class="own"' if name == "epmalloc" else ""
        yield (f"<tr><td{own}>{html.escape(name)}</td>"
               + "".join(f"<td{own}>{t}</td>" for t in texts) + "</tr>")
    yield "</table>"


def facts_html(document):
    yield f"<p class=facts>{html.escape(machine.sentence(document['machine']))}.<br>"
    yield (f"{html.escape(document['started'])}, {document['seconds']} s; "
           f"{document['repeat']} interleaved repetitions, scale {document['scale']:g}. "
           "Cells are medians, as a ratio to the best of their row; means are geometric, and a * marks "
           "one that lacks a row.</p>")
    yield "<details class=facts><summary>The libraries</summary><table>"
    for a in document["allocators"]:
        yield "<tr>" + "".join(f"<td>{html.escape(a[k])}</td>" for k in ["name", "library", "version"])
        yield "</tr>"
    yield "</table></details>"


def section_html(quantity, table, names):
    yield f"<h2>{HEADINGS[quantity]}</h2><p>{REMARKS[quantity]}</p>"
    text = "\n".join(table_html(table, names))
    if quantity in WITHOUT_PLOT:
        yield f"<div class=scroll>{text}</div>"
        return
    yield plots.dots(table, names, quantity)
    yield f"<details><summary>The figures</summary><div class=scroll>{text}</div></details>"


def growth_html(document, names):
    """How time per operation grows with threads; nothing when the rows for it are not in the run."""
    lines = list(results.growths_of(document))
    if not lines:
        return
    yield ("<h2>Oversubscription</h2><p>Growth of the time per operation from 2 threads to more: "
           "geometric means over the programs that run with both.</p><div class=scroll><table>")
    yield "<tr><th></th>" + "".join(f"<th>{html.escape(n)}</th>" for n in names) + "</tr>"
    for few, many, growth, count in lines:
        cells = "".join(cell_html(None if math.isnan(growth[n]) else growth[n], None, n == "epmalloc")
                        for n in names)
        yield f"<tr><td>{many} / {few} threads ({count} rows)</td>{cells}</tr>"
    yield "</table></div>"


def values_of(table, names, groups):
    means, _ = table.means(names, groups)
    return {name: mean for name, (mean, _) in means.items()}


def body_html(document):
    names, tables = results.names_of(document), results.tables_of(document)
    yield "<h1>Allocators compared</h1>"
    yield from facts_html(document)
    yield "<h2>Summary</h2><div class=scroll>"
    yield from summary_html(document, tables)
    yield "</div>"
    if "time_s" in tables and "memory_kib" in tables:
        groups = results.summary_groups(document)
        plot = plots.tradeoff(values_of(tables["time_s"], names, groups),
                              values_of(tables["memory_kib"], names, groups))
        yield f"<div class=plot>{plot}</div>"
    yield from growth_html(document, names)
    for quantity, table in tables.items():
        yield from section_html(quantity, table, names)


def write(path, document):
    with open(path, "w", encoding="utf-8") as out:
        out.write('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
                  '<meta name="viewport" content="width=device-width">'
                  f"<title>Allocators compared</title><style>{STYLE}</style></head><body>\n")
        out.write("\n".join(body_html(document)))
        out.write("\n</body></html>\n")
