#!/usr/bin/env python3
"""tests/unit mirrors lib: lib/<layer>/<file>.c has tests/unit/<layer>/test_<file>.c, and the other way round."""
import os

import source

SYSTEMS = ("_linux",)


def test_of(path):
    layer, file = path.split("/")[1:3]
    stem = file[:-2]
    for system in SYSTEMS:
        stem = stem.removesuffix(system)
    return f"tests/unit/{layer}/test_{stem}.c"


def main():
    lint = source.Lint(__doc__)
    sources = [p for p in lint.files("lib", ends=(".c", ".h")) if not p.startswith("lib/adapters/")]
    for path in sources:
        if path.endswith(".c") and not lint.exists(test_of(path)):
            lint.complain(path, 1, f"has no {test_of(path)}")
    mirrored = {test_of(path) for path in sources}
    for path in lint.files("tests/unit", ends=".c"):
        if os.path.basename(path).startswith("test_") and path not in mirrored:
            lint.complain(path, 1, "mirrors no file of lib")
    lint.end()


main()
