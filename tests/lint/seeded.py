#!/usr/bin/env python3
"""Every lint finds what it is for: `seeded/<lint>/<case>/` is a small bad tree, and its file `expected`
holds one line for each complaint, "path: part of the sentence".  More or fewer complaints fail.

For lints of built libraries a case holds `library.c`, from which a shared library is made first, and
the arguments stand in `arguments`, {library} being the library's file.
"""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def read_lines(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip()]


def build_library(case, scratch):
    library = os.path.join(scratch, "library.so")
    source = os.path.join(case, "library.c")
    if os.path.exists(source):
        flags = read_lines(os.path.join(case, "flags"))
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, *flags], check=True)
    return library


def run_lint(lint, case, scratch):
    library = build_library(case, scratch)
    arguments = [a.replace("{library}", library) for a in read_lines(os.path.join(case, "arguments"))]
    command = [sys.executable, os.path.join(HERE, lint + ".py"), "--root", case, *arguments]
    run = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in run.stdout.split("\n") if re.match(r"\S+?:\d+: (?!\(remark\))", line)]
    return run, lines


def check_case(lint, case):
    expected = read_lines(os.path.join(case, "expected"))
    with tempfile.TemporaryDirectory() as scratch:
        run, lines = run_lint(lint, case, scratch)
    wrong = []
    if run.returncode != 1 or run.stderr:
        wrong.append(f"exit status {run.returncode}: {run.stderr}")
    for want in expected:
        path, part = want.split(": ", 1)
        match = [line for line in lines if path in line.split(":")[0] and part in line]
        if match:
            lines.remove(match[0])
        else:
            wrong.append("not found: " + want)
    wrong += ["not expected: " + line for line in lines]
    for sentence in wrong:
        print(f"{lint}/{os.path.basename(case)}: {sentence}")
    return not wrong and bool(expected)


def main():
    lint = sys.argv[1]
    folder = os.path.join(HERE, "seeded", lint)
    cases = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    failed = [case for case in cases if not check_case(lint, os.path.join(folder, case))]
    print(f"{lint}: {len(cases) - len(failed)} of {len(cases)} bad trees found out")
    sys.exit(1 if failed or not cases else 0)


main()
