#!/usr/bin/env python3
"""docs/options.md has a row for every option of lib/sys/options.c, with its default, and for nothing else."""
import re

import source

SOURCE, TABLE = "lib/sys/options.c", "docs/options.md"
RULE = re.compile(r"\[(EP__(?:OPTION|TEXT)_\w+)\]\s*=\s*\{\s*\"(\w+)\"")
DEFAULT = re.compile(r"\[(EP__OPTION_\w+)\]\s*=\s*([^,{}]+),")
ROW = re.compile(r"\|\s*`(\w+)`\s*\|")
UNITS = {"KIB": 1 << 10, "MIB": 1 << 20, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def number(words):
    """What `8 * MIB`, `MIB` or `8m` stands for; None for a word such as `cut`."""
    product = 1
    for word in re.findall(r"\d+|[A-Za-z_]+", words):
        if word.isdigit():
            product *= int(word)
        elif word in UNITS:
            product *= UNITS[word]
        else:
            return None
    return product


def is_same(in_code, in_table):
    if number(in_code) is not None:
        return number(in_code) == number(in_table)
    return in_code.lower().endswith("_" + in_table.lower())


def read_code(lint):
    text = lint.read(SOURCE)
    keys = dict(RULE.findall(text))
    defaults = {keys[option]: value.strip() for option, value in DEFAULT.findall(text) if option in keys}
    defaults.update({key: "EP__TEXT_NONE" for option, key in keys.items() if option.startswith("EP__TEXT")})
    return defaults


def main():
    lint = source.Lint(__doc__)
    defaults = read_code(lint)
    rows = set()
    for line_number, line in enumerate(lint.read(TABLE).split("\n"), 1):
        row = ROW.match(line)
        if row is None:
            continue
        key, default = row.group(1), line.split("|")[3].strip()
        rows.add(key)
        if key not in defaults:
            lint.complain(TABLE, line_number, f"there is no option {key}")
        elif not is_same(defaults[key], default):
            lint.complain(TABLE, line_number, f"{key} is {defaults[key]} in {SOURCE}, not {default}")
    for key in sorted(set(defaults) - rows):
        lint.complain(TABLE, 1, f"has no row for {key}")
    lint.end()


main()
