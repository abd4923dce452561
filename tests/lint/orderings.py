#!/usr/bin/env python3
"""Every atomic access says why its order is right, and docs/orderings.md tells the same story.

1. Directly above each call of a wrapper of lib/sys/atomic.h stands `order: <kind> [EDGE ...] -- reason`,
   with the kind of the call; several accesses in one statement have a line each, but relaxed ones may
   share theirs.  "Above" is above the line of the call or above the statement it is in.
2. What is not relaxed names its edge.  An edge is two to four capitals and has one row in the table
   | edge | release side | acquire side | carries | breaks without | test |
3. A function whose access names an edge stands on that side of the row, and the other way round; a
   row has both sides and a test that exists.
4. Atomics are named nowhere else in lib: no C11 atomic function, no memory_order, no builtin.  (What the
   compiler makes of a plain use of an atomic object is `implicit_atomics.py`'s.)
"""
import re

import source

TABLE = "docs/orderings.md"
COLUMNS = ["edge", "release side", "acquire side", "carries", "breaks without", "test"]
ATOMIC_HEADER = "lib/sys/atomic.h"
KINDS = "relaxed|acquire|release|acq_rel|seq_cst"
CALL = re.compile(r"\bep__(?:load|store|exchange|add_own|fetch_(?:add|sub|or|and|xor)|cas_(?:weak|strong)|fence|annotate)_"
                  rf"({KINDS})\s*\(")
ORDER = re.compile(rf"order:\s*({KINDS})((?:[ ,/]+[A-Z]{{2,4}}\b)*)\s*--\s*(\S.*?)(?=order:|$)", re.S)
BARE = re.compile(r"\b(atomic_(?:load|store|exchange|fetch_\w+|compare_exchange\w*|thread_fence|signal_fence|init|"
                  r"flag\w*)|memory_order\w*|__atomic_\w+|__sync_\w+|(?:__)?ATOMIC_\w+)\b")
SIDES = {"release": ("release", "acq_rel", "seq_cst"), "acquire": ("acquire", "acq_rel", "seq_cst")}


class Access:
    def __init__(self, path, line, kind, function, edges, reason):
        self.path, self.line, self.kind = path, line, kind
        self.function, self.edges, self.reason = function, edges, reason


def comment_above(lines, code, line):
    """The text of the comment that ends directly above a line (0-based), and the line it starts at."""
    first = line
    while first > 0 and lines[first - 1].strip() and not code[first - 1].strip():
        first -= 1
    text = " ".join(re.sub(r"^\s*(?:/\*+|\*(?!/)|//)?", "", part).replace("*/", "") for part in lines[first:line])
    return text, first


def statement_start(code, line):
    while line > 0 and code[line - 1].strip() and not re.search(r"(?:[;{}:]|^\s*#.*)\s*$", code[line - 1]):
        line -= 1
    return line


def take_order(orders, kind):
    for order in orders:
        if order[0] == kind:
            if kind != "relaxed":
                orders.remove(order)
            return order
    return None


def function_at(functions, line):
    for function in functions:
        if function.body <= line <= function.last:
            return function.name
    return None


def read_accesses(lint, path):
    text = lint.read(path)
    lines = text.split("\n")
    blanked = source.blank(text)
    code = blanked.split("\n")
    functions = source.functions(text)
    unused = {}
    for match in CALL.finditer(blanked):
        line = blanked.count("\n", 0, match.start())
        name, kind = function_at(functions, line + 1), match.group(1)
        if name is None or name == match.group().rstrip("( "):
            continue
        found = None
        for place in (line, statement_start(code, line)):
            comment, at = comment_above(lines, code, place)
            if at not in unused:
                unused[at] = [(m[1], m[2], m[3]) for m in ORDER.finditer(comment)]
            found = found or take_order(unused[at], kind)
        if found is None:
            lint.complain(path, line + 1, f"{match.group()[:-1]} in {name} has no `order: {kind} [EDGE] -- reason` above it")
            continue
        yield Access(path, line + 1, kind, name, re.findall(r"[A-Z]{2,4}", found[1]), found[2])


def check_bare(lint, path, text):
    for number, line in enumerate(source.blank(text).split("\n"), 1):
        for match in BARE.finditer(line):
            lint.complain(path, number, f"{match.group()} outside {ATOMIC_HEADER}")


def split_row(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def read_table(lint):
    rows = {}
    if not lint.exists(TABLE):
        lint.complain(TABLE, 1, "is not there")
        return rows
    lines = lint.read(TABLE).split("\n")
    inside = False
    for number, line in enumerate(lines, 1):
        cells = split_row(line) if line.lstrip().startswith("|") else []
        if [cell.lower() for cell in cells] == COLUMNS:
            inside = True
        elif not cells:
            inside = False
        elif inside and not re.fullmatch(r":?-+:?", cells[0]):
            add_row(lint, rows, number, cells)
    return rows


def add_row(lint, rows, number, cells):
    edge = cells[0].strip("`* ")
    if len(cells) != len(COLUMNS) or not all(cells):
        lint.complain(TABLE, number, f"the row of {edge} has not six filled columns")
    elif not re.fullmatch(r"[A-Z]{2,4}", edge):
        lint.complain(TABLE, number, f"{edge} is not two to four capitals")
    elif edge in rows:
        lint.complain(TABLE, number, f"{edge} has a second row")
    else:
        names = [re.findall(r"`([^`]+?)(?:\(\))?`", cell) for cell in cells]
        rows[edge] = {"line": number, "release": names[1], "acquire": names[2], "test": names[5]}


def check_row(lint, edge, row, accesses):
    for side, kinds in SIDES.items():
        if not row[side]:
            lint.complain(TABLE, row["line"], f"{edge} names no function on its {side} side")
        for name in row[side]:
            there = [a for a in accesses if a.function == name]
            if not there:
                lint.complain(TABLE, row["line"], f"{edge}: no function {name} with an atomic access in lib")
            elif not any(edge in a.edges and a.kind in kinds for a in there):
                lint.complain(TABLE, row["line"], f"{edge}: {name} has no {side} access that names it")
    if not row["test"]:
        lint.complain(TABLE, row["line"], f"{edge} names no test")


def check_test(lint, edge, row, tested):
    for name in row["test"]:
        if "/" in name and not lint.exists(name):
            lint.complain(TABLE, row["line"], f"{edge}: {name} is not there")
        elif "/" not in name and name not in tested:
            lint.complain(TABLE, row["line"], f"{edge}: no test {name} in tests or stress")


def check_access(lint, access, rows):
    if access.kind != "relaxed" and not access.edges:
        lint.complain(access.path, access.line, f"{access.kind} in {access.function} names no edge")
    for edge in access.edges:
        row = rows.get(edge)
        sides = [side for side, kinds in SIDES.items() if access.kind in kinds]
        if row is None:
            lint.complain(access.path, access.line, f"edge {edge} has no row in {TABLE}")
        elif sides and not any(access.function in row[side] for side in sides):
            lint.complain(access.path, access.line,
                          f"{access.function} is not on the {' or '.join(sides)} side of {edge} in {TABLE}")


def main():
    lint = source.Lint(__doc__)
    paths = [p for p in lint.files("lib", ends=(".c", ".h", ".cpp")) if not p.startswith("lib/adapters/")]
    paths = [p for p in paths if p != ATOMIC_HEADER]
    rows = read_table(lint)
    accesses = []
    for path in paths:
        accesses += read_accesses(lint, path)
        check_bare(lint, path, lint.read(path))
    for access in accesses:
        check_access(lint, access, rows)
    tested = set()
    for path in lint.files("tests", "stress", ends=(".c", ".h", ".cpp", ".py", ".sh")):
        tested.update(re.findall(r"\w+", lint.read(path)))
    for edge, row in rows.items():
        check_row(lint, edge, row, accesses)
        check_test(lint, edge, row, tested)
    print(f"{len(accesses)} atomic accesses with a reason, {len(rows)} edges")
    lint.end()


main()
