#!/usr/bin/env python3
"""clang-format would change nothing."""
import re
import shutil
import subprocess

import source

FOLDERS = ("lib", "include", "tests", "stress", "bench")


def main():
    lint = source.Lint(__doc__)
    program = shutil.which("clang-format-14") or shutil.which("clang-format")
    if program is None:
        lint.complain("tests/lint/format.py", 1, "needs clang-format (Debian: clang-format)")
        lint.end()
    paths = lint.files(*FOLDERS, ends=(".c", ".h", ".cpp"))
    if paths:
        run = subprocess.run([program, "--dry-run", "-style=file", *paths], cwd=lint.root, capture_output=True, text=True)
        for match in re.finditer(r"^(\S+?):(\d+):\d+: warning: code should be clang-formatted", run.stderr, re.M):
            lint.complain(match[1], match[2], "clang-format would change this line")
    lint.end()


main()
