#!/usr/bin/env python3
"""Checks a Promela model with Spin: what its header says it proves, and each fault that it must find.

    check.py [--long] MODEL.pml...

The header has a line for every search:

    " * verify: FLAGS"               complete, without an error
    " * cycles: FLAGS"               complete, and no schedule goes on for ever: whoever repeats, another has got on
    " * fault: FLAGS  what is wrong" a broken variant, in which an error must be found
    " * waits: FLAGS  what is wrong" a broken variant, in which a schedule that goes on for ever must be found
    " * long: FLAGS"                 like verify, but for minutes and gigabytes: searched with --long, and nothing else

The environment variables SPIN and CC name the programs.
"""
import os
import re
import subprocess
import sys
import tempfile

LINE = re.compile(r"^ \* (verify|cycles|fault|waits|long): ((?:-D\w+(?:=\w+)?(?: |$))+) *(.*)$", re.M)
# Not optimised: translating takes longer than searching.
TRANSLATE = ["-w", "-DNOFAIR", "-DVECTORSZ=512"]
CYCLES = ("cycles", "waits")


def run(command, folder):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def search(model, kind, flags, folder):
    """What the search of one variant printed."""
    status, said = run([os.environ.get("SPIN", "spin"), *flags, "-a", model], folder)
    if status or "error" in said.lower():
        sys.exit(f"{model} {' '.join(flags)}: spin: {said}")
    options = ["-O2", "-DMEMLIM=12000", "-DCOLLAPSE"] if kind == "long" else ["-O0", "-DMEMLIM=1500"]
    options += ["-DNP"] if kind in CYCLES else ["-DSAFETY"]
    status, said = run([os.environ.get("CC", "cc"), *TRANSLATE, *options, "-o", "pan", "pan.c"], folder)
    if status:
        sys.exit(f"{model} {' '.join(flags)}: {said}")
    # The model has no progress labels, so every cycle is one without progress.
    return run(["./pan", "-m100000", "-n", *(["-l"] if kind in CYCLES else [])], folder)[1]


def judge(kind, said):
    """What is wrong with the outcome, or None; and a word on it."""
    errors = re.search(r"errors: (\d+)", said)
    states = re.search(r"([\d.e+]+) states, stored", said)
    found = re.search(r"^pan:1: (.*?)(?: \(at depth|$)", said, re.M)
    if not errors or not states:
        return "the search did not end", said[-300:]
    if kind in ("fault", "waits"):
        is_right = found and ("non-progress cycle" in found.group(1)) == (kind == "waits")
        return (None if is_right else "the fault was not found"), found.group(1)[:60] if found else ""
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
            wrong, word = judge(kind, search(model, kind, text.split(), folder))
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
