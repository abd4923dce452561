"""Runs a program and writes a snapshot of the heap that it leaves: what `inspect` starts.

Arguments: the allocator, the file to write, the program and its arguments."""
import pickle
import runpy
import sys

from . import snapshot


def main():
    allocator, out, script, *arguments = sys.argv[1:]
    sys.argv = [script, *arguments]
    held = None
    try:
        held = runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        if end.code not in (None, 0):
            raise
    taken = snapshot.take(allocator)
    with open(out, "wb") as file:
        pickle.dump(taken, file)
    return held


main()
