#!/usr/bin/env python3
"""The commands of gdb, on a live process and on its core file.  Arguments: gdb, the commands' file, the program.

The program stops in ready(blocks, run, huge), and its heap is known then."""
import os
import re
import subprocess
import sys
import tempfile

GDB, COMMANDS, PROGRAM = sys.argv[1:4]
QUESTIONS = ["epmalloc arenas", "epmalloc pools 0", "epmalloc block blocks[0]", "epmalloc block blocks[3]",
             "epmalloc block (char *)blocks[199] + 7", "epmalloc block of_another[0]", "epmalloc block partial[0]",
             "epmalloc block partial[1]", "epmalloc block run", "epmalloc block huge", "epmalloc block $sp"]


def ask(*arguments):
    words = [GDB, "--batch", "--nx", "-ex", "set debuginfod enabled off", "-ex", "set confirm off", "-ex",
             f"source {COMMANDS}", *arguments]
    run = subprocess.run(words, capture_output=True, text=True, timeout=120)
    return run.stdout + run.stderr


def questions():
    for question in QUESTIONS:
        yield from ("-ex", f"echo \\n== {question}\\n", "-ex", question)


def answers(output):
    parts = re.split(r"^== (.*)$", output, flags=re.M)[1:]
    return {parts[i]: parts[i + 1].strip() for i in range(0, len(parts), 2)}


def expect(told, question, pattern):
    if not re.search(pattern, told.get(question, ""), re.S):
        sys.exit(f"{question}\n{told.get(question)}\ndoes not match {pattern}\nall: {told}")


def check(told):
    expect(told, "epmalloc arenas", r"arena 0 at 0x\w+: \d+ of 64 slots free.*\n1 arenas")
    expect(told, "epmalloc pools 0", r"blocks of 512 bytes, full.*blocks of 512 bytes, owned by thread 2")
    expect(told, "epmalloc block blocks[0]", r"blocks of 512 bytes, .*\nblock \d+ at 0x\w+: in use")
    expect(told, "epmalloc block blocks[3]", r"\nblock \d+ at 0x\w+: free \(")
    expect(told, "epmalloc block (char *)blocks[199] + 7", r", 7 bytes into it: in use")
    expect(told, "epmalloc block of_another[0]", r"\nblock \d+ at 0x\w+: in use")
    expect(told, "epmalloc block partial[0]", r"blocks of 1024 bytes, partial, \d+ of them free\nblock \d+ at 0x\w+: in use")
    expect(told, "epmalloc block partial[1]", r", partial, .*\nblock \d+ at 0x\w+: free \(")
    expect(told, "epmalloc block run", r"a block of 131072 bytes")
    expect(told, "epmalloc block huge", r"in no arena; a block above 1 MiB")
    expect(told, "epmalloc block $sp", r"in no arena")


def main():
    with tempfile.TemporaryDirectory(prefix="epmalloc-test-") as folder:
        core = os.path.join(folder, "core")
        # A small window: gdb writes the tables of arenas that there are not into the core file as well.
        live = ask("-ex", "set exec-wrapper prlimit --as=1000000000", "-ex", "break ready", "-ex", "run", *questions(), "-ex", f"generate-core-file {core}", PROGRAM)
        told = answers(live)
        check(told)
        if not os.path.exists(core):
            sys.exit(f"there is no core file\n{live}")
        again = answers(ask(*questions(), PROGRAM, core))
        for question in QUESTIONS:
            if again[question].split("\nSaved corefile")[0] != told[question].split("\nSaved corefile")[0]:
                sys.exit(f"{question}\nlive: {told[question]}\ncore: {again[question]}")
        nothing = ask("-ex", "epmalloc arenas", "/bin/true")
        if "no epmalloc in this program" not in nothing:
            sys.exit(nothing)


main()
