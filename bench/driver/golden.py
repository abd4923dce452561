"""The golden figure: instructions of 128,000 malloc/free pairs of libepmalloc.so, loops a to d.

The file names the compiler it was made with.  Another build by that compiler has to need as many to
the last one; what another compiler makes may need a few more a pair.
"""

import os

from . import callgrind
from .allocators import SetupError

FILE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "test",
                    "instructions.golden")
SHORT_PAIRS, LONG_PAIRS = 128000, 256000
PAIRS = LONG_PAIRS - SHORT_PAIRS
OTHER_COMPILER_PER_PAIR = 4
HEAD = """\
# Instructions of {pairs} malloc/free pairs of libepmalloc.so, by hot loop (bench/instructions --golden).
# A change of lib that changes them on purpose renews this file: bench/instructions --accept
compiler {compiler}
"""


def measure(program, allocator):
    """{loop: instructions}; every loop has to run."""
    figures = {}
    for loop in callgrind.ONE_THREAD:
        figures[loop] = callgrind.of_pairs(program, allocator, loop, SHORT_PAIRS, LONG_PAIRS)
        if figures[loop] is None:
            raise SetupError(f"loop {loop} was not counted")
    return figures


def write(figures, compiler):
    with open(FILE, "w", encoding="utf-8") as out:
        out.write(HEAD.format(pairs=PAIRS, compiler=compiler))
        for loop, instructions in figures.items():
            out.write(f"{loop} {instructions}\n")


def read():
    """(compiler, {loop: instructions})"""
    words = {}
    with open(FILE, encoding="utf-8") as file:
        for line in file:
            if not line.startswith("#"):
                key, _, value = line.strip().partition(" ")
                words[key] = value
    compiler = words.pop("compiler")
    return compiler, {loop: int(value) for loop, value in words.items()}


def complaints(figures, compiler):
    """One sentence for each loop that needs another number of instructions than it may."""
    made_with, golden = read()
    same = compiler == made_with
    allowed = 0 if same else OTHER_COMPILER_PER_PAIR * PAIRS
    for loop, most in golden.items():
        more = figures[loop] - most
        if more > allowed or (same and more < 0):
            yield (f"loop {loop}: {abs(more) / PAIRS:.3f} instructions a pair "
                   f"{'more' if more > 0 else 'fewer'} than the golden {most / PAIRS:.3f}")
