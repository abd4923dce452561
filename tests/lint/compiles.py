#!/usr/bin/env python3
"""lib compiles for another processor, without warnings.  Arguments: a compiler, Concurrency Kit's headers.

Only a compilation: Debian has no Concurrency Kit new enough for these processors (CMakeLists.txt), and
the headers at hand were configured for this one.
"""
import subprocess
import tempfile

import source

FLAGS = ["-std=gnu11", "-D_GNU_SOURCE=", "-O2", "-fPIC", "-Wall", "-Wextra", "-Werror", "-fexceptions",
         "-ftls-model=initial-exec", "-Ilib", "-Iinclude", "-c"]


def main():
    lint = source.Lint(__doc__)
    compiler, ck_headers = lint.arguments
    paths = lint.files("lib", ends=".c")
    with tempfile.NamedTemporaryFile(suffix=".o") as out:
        for path in paths:
            command = [compiler, *FLAGS, "-idirafter", ck_headers, "-o", out.name, path]
            run = subprocess.run(command, cwd=lint.root, capture_output=True, text=True)
            if run.returncode:
                lint.complain(path, 1, "does not compile: " + run.stderr.replace("\n", "\n    "))
    print(f"{len(paths)} files compiled with {compiler}")
    lint.end()


main()
