#!/usr/bin/env python3
"""Makes a faulty copy of a source.  Arguments: the fault's description, the source tree, the copy to write.

A description (tests/model/faults/*.fault) says in `#` lines what is wrong, names the scenarios that find it and
the file, and then in pairs what lines are replaced by what.  Each text must stand in the file exactly once: a
fault that no longer fits its source fails the build.
"""
import os
import re
import sys

PAIR = re.compile(r"^--- instead of\n(.*?)^--- there stands\n(.*?)(?=^--- instead of\n|\Z)", re.M | re.S)


def main():
    description, root, copy = sys.argv[1:]
    with open(description, encoding="utf-8") as file:
        text = file.read()
    path = re.search(r"^file: (.*)$", text, re.M)[1]
    with open(os.path.join(root, path), encoding="utf-8") as file:
        source = file.read()
    pairs = PAIR.findall(text)
    if not pairs:
        sys.exit(f"{description}: replaces nothing")
    for old, new in pairs:
        if source.count(old) != 1:
            sys.exit(f"{description}: {path} has {source.count(old)} times, not once:\n{old}")
        source = source.replace(old, new)
    os.makedirs(os.path.dirname(copy), exist_ok=True)
    with open(copy, "w", encoding="utf-8") as file:
        file.write(f'#line 1 "{path}"\n' + source)


main()
