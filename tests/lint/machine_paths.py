#!/usr/bin/env python3
"""No tracked file names a path of the machine it was written on."""
import re

import source

PATHS = re.compile(r"(?<![\w.$}~*])/(work|farm|home|root|Users|tmp/(?:plan|bash_jobs))/[\w.-]*|LD_PRELOAD=/tmp/|/\.[l]ibrary\b")
BINARY = (".png", ".gz", ".xz", ".bin")


def main():
    lint = source.Lint(__doc__)
    for path in lint.files("."):
        if path.endswith(BINARY) or path == "tests/lint/machine_paths.py":
            continue
        for number, line in enumerate(lint.read(path).split("\n"), 1):
            match = PATHS.search(line)
            if match:
                lint.complain(path, number, f"names {match.group()}, a path of one machine")
    lint.end()


main()
