"""bench/compare on real programs, those that are installed: each runs under epmalloc, and under an
allocator that aborts each is a cell; a hanging one, too, whether client or server hangs on it.

    applications.py BUILD NAME=FAILING_LIBRARY...
"""

import json
import os
import subprocess
import sys
import tempfile

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, BENCH)

from driver import jobs  # noqa: E402  (found by the line above)


def compare(build, rows, *arguments):
    """{row: {allocator: samples}}"""
    with tempfile.TemporaryDirectory() as folder:
        found = os.path.join(folder, "run.json")
        subprocess.run([sys.executable, os.path.join(BENCH, "compare"), "--build", build, "--json", found,
                        "--scale", "0.02", *(f"--row={row}" for row in rows), *arguments], check=True)
        with open(found, encoding="utf-8") as file:
            return json.load(file)["rows"]


def complaints(build, failing):
    installed = [job.name for job in jobs.JOBS if not job.missing()]
    found = compare(build, installed, "--repeat", "1", "--timeout", "120", "--only", "epmalloc,abort", *failing)
    for name in installed:
        [own], [abort] = found[name]["epmalloc"], found[name]["abort"]
        if "failure" in own or not 0 < own["time_s"] or not 0 < own["minor_faults"]:
            yield f"{name} under epmalloc: {own}"
        if "failure" not in abort:
            yield f"{name} under one that aborts: {abort}"
    some = [name for name in installed if name in ["redis", "python3"]]
    found = compare(build, some, "--repeat", "1", "--timeout", "2", "--only", "hanging", *failing)
    for name in some:
        if found[name]["hanging"][0].get("failure") != "timeout":
            yield f"{name} under one that hangs: {found[name]['hanging']}"


def main():
    build, *failing = sys.argv[1:]
    found = list(complaints(build, failing))
    print("\n".join(found))
    return 1 if found else 0


sys.exit(main())
