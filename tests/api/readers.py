#!/usr/bin/env python3
"""The documents of the statistics are what readers that are not ours take them for.

    readers.py PROGRAM      stats_documents, built

JSON and XML are read by Python's own modules, OpenMetrics by prometheus_client's parser (Debian:
python3-prometheus-client), CPython's table is compared line by line with sys._debugmallocstats() of the CPython
that runs this.  All documents must tell the same figures, those that the program knows by itself must be these, and
the classes and slots must add up to what is mapped.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

from prometheus_client.openmetrics import parser

ARENA_BYTES, SLOT_BYTES = 4 << 20, 64 << 10
LISTS = {"classes": "class", "arenas": "arena", "threads": "thread"}
LABELS = {"class": ("index", "block_bytes"), "arena": ("window", "id"), "thread": ("id",)}
# What time changes between two documents.
MOVING = {"age_ms"}


def require(holds, *words):
    if not holds:
        sys.exit("readers: " + " ".join(str(word) for word in words))


def key_of(part, record):
    return tuple(record[label] for label in LABELS[part])


def read_json(text):
    """{part: {labels: {figure: value}}}; the process has the labels ()."""
    document = json.loads(text)
    require(set(document) == {"process", *LISTS}, "JSON: parts", sorted(document))
    figures = {"process": {(): document["process"]}}
    for plural, part in LISTS.items():
        figures[part] = {key_of(part, record): record for record in document[plural]}
        require(len(figures[part]) == len(document[plural]), "JSON: a record twice in", plural)
    return figures


def numbers(words):
    return {name: int(value) for name, value in words}


def read_xml(text):
    root = xml.etree.ElementTree.fromstring(text)
    require(root.tag == "epmalloc", "XML: root", root.tag)
    figures = {"process": {(): numbers(root.attrib.items())}, "class": {}, "arena": {}, "thread": {}}
    for child in root:
        record = numbers(child.attrib.items())
        figures[child.tag][key_of(child.tag, record)] = record
    return figures


def read_text(text):
    figures = {"process": {(): {}}, "class": {}, "arena": {}, "thread": {}}
    for line in text.splitlines():
        single = re.fullmatch(r"epmalloc: (\w+) += (\d+)", line)
        record = re.fullmatch(r"epmalloc: (class|arena|thread)((?: \w+=\d+)+)", line)
        require(single or record, "text:", line)
        if single:
            figures["process"][()][single[1]] = int(single[2])
        else:
            found = numbers(word.split("=") for word in record[2].split())
            figures[record[1]][key_of(record[1], found)] = found
    return figures


def add_sample(figures, family, sample):
    name = family.name.removeprefix("epmalloc_")
    part = next((p for p in LISTS.values() if name.startswith(p + "_") and sample.labels), "process")
    name = name.removeprefix(part + "_") if part != "process" else name
    value = sample.value
    if family.unit == "seconds":
        name, value = name.removesuffix("seconds") + "ms", value * 1000
    labels = numbers(sample.labels.items())
    require(part == "process" or tuple(labels) == LABELS[part], "metrics: labels", sample)
    require(value == round(value), "metrics: no integer", sample)
    record = figures[part].setdefault(tuple(labels.values()), dict(labels))
    require(name not in record, "metrics: twice", sample)
    record[name] = int(value)


def read_metrics(text):
    figures = {"process": {}, "class": {}, "arena": {}, "thread": {}}
    for family in parser.text_string_to_metric_families(text):
        require(family.type in ("gauge", "counter"), "metrics: type", family.type)
        require(family.documentation, "metrics: no help for", family.name)
        require(family.unit == "" or family.name.endswith("_" + family.unit), "metrics: unit", family.name)
        for sample in family.samples:
            add_sample(figures, family, sample)
    return figures


def without_moving(figures):
    return {part: {key: {f: v for f, v in record.items() if f not in MOVING} for key, record in records.items()}
            for part, records in figures.items()}


def check_same(documents):
    first_name, first = next(iter(documents.items()))
    for name, figures in documents.items():
        for part, records in without_moving(first).items():
            there = without_moving(figures)[part]
            require(records.keys() == there.keys(), name, "has other", part, "records than", first_name)
            for key, record in records.items():
                require(record == there[key], name, part, key, "differs from", first_name, ":",
                        sorted(set(record.items()) ^ set(there[key].items())))


def check_known(process, text):
    for line in text.splitlines():
        name, value = line.split()
        require(process[name] == int(value), name, "is", process[name], "and must be", value)


def check_sums(figures):
    process = figures["process"][()]
    blocks = sum((c["blocks_in_use"] + c["blocks_available"]) * c["block_bytes"] + c["quantization_bytes"]
                 for c in figures["class"].values())
    mapped = (blocks + process["run_bytes"] + process["unused_pools"] * SLOT_BYTES + process["huge_bytes"] +
              process["huge_cached_bytes"])
    require(mapped == process["mapped_bytes"], "classes and slots are", mapped, "bytes, mapped are", process["mapped_bytes"])
    require(process["arenas"] * ARENA_BYTES == process["total_bytes"], "arenas do not add up")
    require(len(figures["arena"]) == process["arenas"], "arenas")
    require(len(figures["thread"]) == process["threads"], "threads")
    require(sum(a["free_pools"] for a in figures["arena"].values()) == process["unused_pools"], "free pools")
    for name in ("refills", "pools_acquired", "pools_claimed", "pools_adopted", "remote_batches", "remote_blocks"):
        require(sum(c[name] for c in figures["class"].values()) == process[name], name)
    for name in ("refills", "pools_acquired", "remote_blocks", "purges", "purged_bytes", "huge_cached_bytes"):
        require(name == "huge_cached_bytes" or process[name] > 0, name, "is 0")


def titles(table):
    """The lines of a table without their numbers and padding."""
    lines = [re.sub(r"[\d,]+", "N", line.split("=")[0]).strip() for line in table.splitlines()]
    rows = re.compile(r"N +N +N +N +N")
    return [line for line in lines if not rows.fullmatch(line)]


def check_cpython(table, process):
    real = subprocess.run([sys.executable, "-c", "import sys; sys._debugmallocstats()"], check=True,
                          capture_output=True, text=True).stderr
    real = real[:real.index("\n\n", real.index("arena map root"))] if "arena map root" in real else real
    ours = iter(titles(table))
    for title in titles(real):
        require(title in ours, "CPython's line", repr(title), "is not there, or not in its place")
    values = dict(re.findall(r"^(.*?) *= +([\d,]+)$", table[:table.index("arena map")], re.M))
    total = sum(int(v.replace(",", "")) for k, v in values.items()
                if re.search(r"bytes (in|lost)|unused pools", k))
    require(total == process["total_bytes"] == int(values["Total"].replace(",", "")), "the table's total is not its lines'")
    rows = re.findall(r"^ +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)$", table, re.M)
    require(sum(int(r[1]) * int(r[3]) for r in rows) == process["in_use_bytes"], "the table's blocks")


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], folder], check=True)
        texts = {}
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), encoding="ascii") as file:
                texts[name] = file.read()
    documents = {"stats.json": read_json(texts["stats.json"]), "stats.xml": read_xml(texts["stats.xml"]),
                 "stats.txt": read_text(texts["stats.txt"]), "metrics.txt": read_metrics(texts["metrics.txt"])}
    check_same(documents)
    figures = documents["stats.json"]
    check_known(figures["process"][()], texts["known.txt"])
    check_sums(figures)
    check_cpython(texts["cpython.txt"], figures["process"][()])
    handled = read_metrics(texts["metrics_in_handler.txt"])
    require(handled["process"].keys() == {()}, "the handler's document")
    count = sum(len(record) for records in figures.values() for record in records.values())
    print(f"{count} figures, four documents that agree, and CPython's table")


main()
