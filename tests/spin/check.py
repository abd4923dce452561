#!/usr/bin/env python3
"""Checks a Promela model with Spin: what its header says it proves, and each fault that it must find.

    check.py [--long] MODEL.pml...

The header has a line " * verify: FLAGS" for every size that must be searched completely without an error, and a
line " * fault: FLAGS  what is broken" for every broken variant, in which an error must be found.  --long takes the
lines " * long: FLAGS" instead, which need minutes and gigabytes.  The environment variables SPIN and CC name the
programs.
"""
import os
import re
import subprocess
import sys
import tempfile

LINE = re.compile(r"^ \* (verify|fault|long): ((?:-D\w+(?:=\w+)?(?: |$))+) *(.*)$", re.M)
# Not optimised: translating takes longer than searching.  -DSAFETY: there are no cycles to look for.
TRANSLATE = ["-w", "-DSAFETY", "-DNOFAIR", "-DVECTORSZ=512"]


def run(command, folder):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def search(model, flags, is_long, folder):
    """What the search of one variant printed."""
    status, said = run([os.environ.get("SPIN", "spin"), *flags, "-a", model], folder)
    if status or "error" in said.lower():
        sys.exit(f"{model} {' '.join(flags)}: spin: {said}")
    memory = ["-O2", "-DMEMLIM=12000", "-DCOLLAPSE"] if is_long else ["-O0", "-DMEMLIM=1500"]
    status, said = run([os.environ.get("CC", "cc"), *TRANSLATE, *memory, "-o", "pan", "pan.c"], folder)
    if status:
        sys.exit(f"{model} {' '.join(flags)}: {said}")
    return run(["./pan", "-m100000", "-n"], folder)[1]


def judge(kind, said):
    """What is wrong with the outcome, or None; and a word on it."""
    errors = re.search(r"errors: (\d+)", said)
    states = re.search(r"([\d.e+]+) states, stored", said)
    found = re.search(r"^pan:1: (.*?)(?: \(at depth|$)", said, re.M)
    if not errors or not states:
        return "the search did not end", said[-300:]
    if kind == "fault":
        return (None if found else "the fault was not found"), found.group(1)[:60] if found else ""
    if errors.group(1) != "0":
        return "an error", found.group(1) if found else said[-300:]
    # A search that was cut off proves nothing.
    if re.search(r"max search depth|out of memory|MEMLIM|[Ss]earch not completed|truncated", said):
        return "the search was cut off", ""
    return None, f"{states.group(1)} states"


def check(model, is_long):
    with open(model, encoding="utf-8") as file:
        lines = LINE.findall(file.read().split("*/")[0])
    wanted = [line for line in lines if (line[0] == "long") == is_long]
    failures = 0
    for kind, text, what in wanted:
        with tempfile.TemporaryDirectory() as folder:
            wrong, word = judge(kind, search(model, text.split(), is_long, folder))
        failures += wrong is not None
        print(f"{os.path.basename(model)} {text.strip()}: {wrong or 'ok'}: {word}{' <- ' + what if what else ''}", flush=True)
    kinds = {line[0] for line in lines}
    if not {"verify", "fault"} <= kinds:
        sys.exit(f"{model}: the header names nothing to verify, or no fault")
    return failures


def main():
    arguments = sys.argv[1:]
    is_long = "--long" in arguments
    models = [os.path.abspath(a) for a in arguments if a != "--long"]
    if not models:
        sys.exit(__doc__)
    sys.exit(1 if sum(check(model, is_long) for model in models) else 0)


main()
