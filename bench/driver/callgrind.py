"""Instructions of a malloc/free pair, counted by callgrind.

A figure is the difference of two runs of different length, so that start-up drops out, less the
same difference of the loop without calls.
"""

import os
import re
import shutil
import subprocess
import sys

from .allocators import SetupError

ONE_THREAD, ACROSS_THREADS = "abcd", "ef"
CHUNK_FUNCTIONS = ["produce_chunk", "consume_chunk", "produce_chunk_empty", "consume_chunk_empty"]
SHORT_PAIRS, LONG_PAIRS = 256000, 1280000


def need_valgrind():
    if not shutil.which("valgrind"):
        raise SetupError("valgrind is not installed")


def count(program, allocator, loop, pairs, variant):
    """Instructions of one whole run, or None with one line on stderr."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    if loop in ACROSS_THREADS:
        command += ["--fair-sched=yes"]
        command += [f"--toggle-collect={name}" for name in CHUNK_FUNCTIONS]
    env = dict(os.environ)
    if allocator.preload:
        env["LD_PRELOAD"] = allocator.preload
    done = subprocess.run(command + [program, loop, str(pairs), variant], env=env,
                          capture_output=True, text=True)
    collected = re.findall(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not collected:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        print(f"{allocator.name} does not run loop {loop} under valgrind: {last}", file=sys.stderr)
        return None
    return int(collected[0])


def of_pairs(program, allocator, loop, short=SHORT_PAIRS, long=LONG_PAIRS):
    """The instructions of `long - short` pairs, or None."""
    counts = {}
    for variant in ["calls", "empty"]:
        for pairs in [short, long]:
            counts[variant, pairs] = count(program, allocator, loop, pairs, variant)
            if counts[variant, pairs] is None:
                return None
    return (counts["calls", long] - counts["calls", short]
            - (counts["empty", long] - counts["empty", short]))


def per_pair(program, allocator, loop):
    whole = of_pairs(program, allocator, loop)
    return None if whole is None else whole / (LONG_PAIRS - SHORT_PAIRS)
