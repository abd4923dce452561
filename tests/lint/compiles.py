#!/usr/bin/env python3
"""lib compiles for another processor, without warnings.  Arguments: a compiler, folders of
headers for any processor: Concurrency Kit's, that of USDT probes.

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
    compiler, *folders = lint.arguments
    # Adapters stand on libraries that are not here for that processor.
    paths = [path for path in lint.files("lib", ends=".c") if not path.startswith("lib/adapters/")]
    with tempfile.NamedTemporaryFile(suffix=".o") as out:
        for path in paths:
            command = [compiler, *FLAGS, *[word for folder in folders for word in ("-idirafter", folder)], "-o", out.name, path]
            run = subprocess.run(command, cwd=lint.root, capture_output=True, text=True)
            if run.returncode:
                lint.complain(path, 1, "does not compile: " + run.stderr.replace("\n", "\n    "))
    print(f"{len(paths)} files compiled with {compiler}")
    lint.end()


main()
