"""Runs Python programs on epmalloc, and shows their heaps.

    python3 -m epmalloc script.py [argument...]             also -m MODULE and -c COMMAND
    python3 -m epmalloc inspect [option...] script.py [argument...]

The program runs in an interpreter that has epmalloc in the place of malloc and of CPython's allocators before its
first object. `inspect` runs it twice, on CPython's own allocator and on epmalloc, and shows both heaps at its end.
"""
import os
import sys

from . import starting


def run(arguments):
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if arguments else 2
    if arguments[0] == "inspect":
        from . import inspecting
        return inspecting.main(arguments[1:])
    if "t" in sys.abiflags:
        print("epmalloc: a free-threaded build needs its own allocator", file=sys.stderr)
        return 2
    sys.stdout.flush()
    command = [sys.executable, *starting.interpreter_options(), *arguments]
    os.execve(sys.executable, command, starting.environment("install"))
    return 1


sys.exit(run(sys.argv[1:]))
