#!/usr/bin/env python3
"""docs/statistics.md has a row for every figure of lib/observe/figures.c, in the same order and with the same type,
unit, truth and meaning, and for nothing else."""
import re

import source

SOURCE, TABLE = "lib/observe/figures.c", "docs/statistics.md"
PART = re.compile(r"struct figure (\w+)_figures\[\] = \{(.*?)\n\};", re.S)
FIGURE = re.compile(r"FIGURE\(\s*\w+\((\w+)\),\s*EP__(\w+),\s*EP__(\w+),\s*EP__(\w+),\s*((?:\"[^\"]*\"\s*)+)\)")
HEADING = re.compile(r"### (\w+)")
ROW = re.compile(r"\| `(\w+)` \|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|")


def words(name):
    return "" if name == "NUMBER" else name.lower().replace("_", " ")


def read_code(lint):
    parts = {}
    for part, body in PART.findall(lint.read(SOURCE)):
        parts[part] = [(name, words(kind), words(unit), words(truth), "".join(re.findall(r'"([^"]*)"', text)))
                       for name, kind, unit, truth, text in FIGURE.findall(body)]
        if len(parts[part]) != body.count("FIGURE("):
            lint.complain(SOURCE, 1, f"a figure of {part} is not written as the others are")
    return parts


def read_table(lint):
    """{part: [(line, row)]}"""
    parts, part = {}, None
    for number, line in enumerate(lint.read(TABLE).split("\n"), 1):
        heading, row = HEADING.match(line), ROW.match(line)
        if heading:
            part = heading[1]
            parts[part] = []
        elif row and part:
            parts[part].append((number, tuple(cell.strip() for cell in row.groups())))
    return parts


def main():
    lint = source.Lint(__doc__)
    code, table = read_code(lint), read_table(lint)
    for part in sorted(set(code) ^ set(table)):
        lint.complain(TABLE, 1, f"{part}: only in {'the code' if part in code else 'the document'}")
    for part in sorted(set(code) & set(table)):
        told = {row[0]: (line, row) for line, row in table[part]}
        for figure in code[part]:
            if figure[0] not in told:
                lint.complain(TABLE, 1, f"{part}: has no row for {figure[0]}")
            elif told[figure[0]][1] != figure:
                line, row = told[figure[0]]
                wrong = next(pair for pair in zip(row, figure) if pair[0] != pair[1])
                lint.complain(TABLE, line, f"{part}: {figure[0]}: '{wrong[0]}' is '{wrong[1]}' in {SOURCE}")
        names = [figure[0] for figure in code[part]]
        for line, row in table[part]:
            if row[0] not in names:
                lint.complain(TABLE, line, f"{part}: there is no figure {row[0]}")
        if [row[0] for _, row in table[part] if row[0] in names] != [name for name in names if name in told]:
            lint.complain(TABLE, 1, f"{part}: the rows are in another order")
    print(f"{sum(len(figures) for figures in code.values())} figures")
    lint.end()


main()
