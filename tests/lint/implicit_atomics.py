#!/usr/bin/env python3
"""No plain use of an atomic object in lib: clang finds what would silently be sequentially consistent."""
import re
import shutil
import subprocess

import source

FLAGS = ["-std=gnu11", "-D_GNU_SOURCE=", "-fsyntax-only", "-Ilib", "-Iinclude", "-Wno-everything", "-Watomic-implicit-seq-cst"]

# What is built for another version of a library is looked at with the stand-in that it is tested on.
STAND_INS = {"lib/adapters/urcu/grace_poll.c": ["-Itests/fake/liburcu_polls"]}


def main():
    lint = source.Lint(__doc__)
    compiler = shutil.which("clang")
    if compiler is None:
        lint.complain("tests/lint/implicit_atomics.py", 1, "needs clang (Debian: clang)")
        lint.end()
    for path in lint.files("lib", ends=".c"):
        if path.startswith("lib/adapters/") and not path.startswith("lib/adapters/urcu/"):
            continue
        run = subprocess.run([compiler, *STAND_INS.get(path, []), *FLAGS, path], cwd=lint.root, capture_output=True, text=True)
        for match in re.finditer(r"^(\S+?):(\d+):\d+: (?:warning|error|fatal error): (.*)", run.stderr, re.M):
            lint.complain(match[1], match[2], match[3].replace(" may incur stronger memory barriers than necessary", ""))
    lint.end()


main()
