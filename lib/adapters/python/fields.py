#!/usr/bin/env python3
"""Writes what C and type checkers must know of the public structures, from the headers that declare them:
fields.h (a table of fields for each structure) and _figures.pyi (a named tuple for each).

Arguments: stats.h, walk.h, the folder to write into.  So a figure that is added to a header is in the
Python package without another line."""
import os
import re
import sys

STRUCTURE = re.compile(r"^struct ep_(\w+) \{\n(.*?)^\};", re.M | re.S)
ENUMERATION = re.compile(r"^enum (ep_\w+) \{\n(.*?)^\};", re.M | re.S)
FIELD = re.compile(r"^    (uint64_t |void \*|const struct ep_\w+ \*|enum ep_\w+ )(\w+);(?: +/\* (.*?)\*/)?", re.M | re.S)
USED = {"stats": "Stats", "class": "SizeClass", "thread": "Thread", "arena": "Arena", "pool": "Pool"}


def words_of(enumeration):
    """{enum: [word of each value]}: the longest common beginning with an underscore is left out."""
    names = re.findall(r"^    (EP_\w+)", enumeration, re.M)
    shared = os.path.commonprefix(names)
    shared = shared[:shared.rfind("_") + 1]
    return [name[len(shared):].lower() for name in names]


def fields_of(body):
    for kind, name, remark in FIELD.findall(body):
        if name != "struct_bytes":
            yield kind.strip(), name, " ".join((remark or "").replace("*", " ").split())


def write_c(structures, enumerations, path):
    lines = ["/* Made from the public headers by fields.py. */"]
    for name, words in enumerations.items():
        quoted = ", ".join(f'"{word}"' for word in words)
        lines.append(f"static const char *const {name}_words[] = {{{quoted}, NULL}};")
    for structure, fields in structures.items():
        lines.append(f"static const struct field {structure}_fields[] = {{")
        for kind, name, remark in fields:
            words = f"{kind.split()[1]}_words" if kind.startswith("enum") else "NULL"
            remark = remark.replace("\\", "\\\\").replace('"', '\\"')
            lines.append(f'    {{"{name}", "{remark}", offsetof(struct ep_{structure}, {name}), {words}}},')
        lines.append("    {NULL, NULL, 0, NULL}};")
    write(path, lines)


def write_stubs(structures, path):
    lines = ["# Made from the public headers by fields.py.", "from typing import NamedTuple", ""]
    for structure, fields in structures.items():
        lines.append(f"class {USED[structure]}(NamedTuple):")
        for kind, name, _ in fields:
            lines.append(f"    {name}: {'str' if kind.startswith('enum') else 'int'}")
        lines.append("")
    write(path, lines)


def write(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines).rstrip("\n") + "\n")


def main():
    *headers, folder = sys.argv[1:]
    text = ""
    for header in headers:
        with open(header, encoding="utf-8") as file:
            text += file.read()
    found = {name: list(fields_of(body)) for name, body in STRUCTURE.findall(text)}
    structures = {name: found[name] for name in USED}
    used = {kind.split()[1] for fields in structures.values() for kind, _, _ in fields if kind.startswith("enum")}
    enumerations = {name: words_of(body) for name, body in ENUMERATION.findall(text) if name in used}
    write_c(structures, enumerations, os.path.join(folder, "fields.h"))
    write_stubs(structures, os.path.join(folder, "_figures.pyi"))


main()
