"""Instructions of a malloc/free pair, counted by callgrind.

A figure is the difference of two runs of different length, so that start-up drops out, less the
same difference of the loop without calls.
"""

import re
import shutil

from . import run
from .allocators import SetupError
from .command import say
from .progress import Progress
from .table import print_grid

ONE_THREAD, ACROSS_THREADS = "abcd", "ef"
CHUNK_FUNCTIONS = ["produce_chunk", "consume_chunk", "produce_chunk_empty", "consume_chunk_empty"]
SHORT_PAIRS, LONG_PAIRS = 256000, 1280000
TIMEOUT_S = 600


def need_valgrind():
    if not shutil.which("valgrind"):
        raise SetupError("valgrind is not installed")


def count(program, allocator, loop, pairs, variant):
    """Instructions of one whole run, or None with one line on stderr."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    if loop in ACROSS_THREADS:
        command += ["--fair-sched=yes"]
        command += [f"--toggle-collect={name}" for name in CHUNK_FUNCTIONS]
    command += [program, loop, str(pairs), variant]
    stdout, stderr, failure = run.run_preloaded(allocator, command, TIMEOUT_S)
    collected = re.findall(r"Collected : (\d+)", stderr)
    if failure or not collected or "loop" not in run.words_of(stdout):
        last = (stderr.strip().splitlines() or ["no output"])[-1]
        say(f"{allocator.name} does not run loop {loop} under valgrind: {failure or 'no result'}: {last}")
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


def count_all(program, chosen, loops):
    """{allocator: {loop: instructions a pair or None}}"""
    progress = Progress(len(loops) * len(chosen))
    counts = {allocator.name: {} for allocator in chosen}
    for allocator in chosen:
        for loop in loops:
            progress.show(f"instructions of {allocator.name} {loop}")
            counts[allocator.name][loop] = per_pair(program, allocator, loop)
    progress.clear()
    return counts


def print_counts(counts, loops):
    def cell(name, loop):
        count = counts[name][loop]
        return "FAIL" if count is None else f"{count:.1f}"

    print_grid("User instructions per malloc/free pair (callgrind)", list(counts), loops, cell)
