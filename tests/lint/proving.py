#!/usr/bin/env python3
"""Tests prove something: none is skipped, none asserts a constant, no sanitizer is told to look away."""
import re

import source

EMPTY = re.compile(r"\bskip\s*\(\s*\)|\bassert_(?:true|int_equal|non_null)\s*\(\s*(?:1|true|1\s*,\s*1)\s*\)|"
                   r"\bassert\s*\(\s*(?:1|true)\s*\)|no_?sanitize|disable_sanitizer_instrumentation|"
                   r"__(?:tsan|lsan|asan)_(?:default_suppr|ignore)\w*|ANNOTATE_BENIGN\w*|suppr[e]ssions")


def main():
    lint = source.Lint(__doc__)
    for path in lint.files("lib", "include", "tests", "stress", "CMakeLists.txt", "tools", ".ci"):
        if path == "tests/lint/proving.py" or path.endswith(".md"):
            continue
        text = lint.read(path)
        text = source.blank(text, strings=False) if path.endswith((".c", ".h", ".cpp")) else text
        for number, line in enumerate(text.split("\n"), 1):
            match = EMPTY.search(line)
            if match:
                lint.complain(path, number, f"`{match.group()}` proves nothing or hides something")
    lint.end()


main()
