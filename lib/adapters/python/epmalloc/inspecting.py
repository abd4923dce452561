"""python3 -m epmalloc inspect: a program's heap on CPython's own allocator beside its heap on epmalloc."""
import argparse
import os
import pickle
import subprocess
import sys
import tempfile

from . import heapmap, starting
from .progress import progress

PACKAGES = os.path.dirname(starting.FOLDER)


def parse(words):
    parser = argparse.ArgumentParser(
        prog="python3 -m epmalloc inspect",
        description="Runs a program on CPython's own allocator and on epmalloc, and shows both heaps at its end, "
                    "while what its main module holds is still there.")
    parser.add_argument("--html", metavar="FILE", help="write a page with the heap maps and tables")
    parser.add_argument("--svg", metavar="FILE", help="write the heap maps")
    parser.add_argument("--only", choices=("pymalloc", "epmalloc"), help="run it on one of them")
    parser.add_argument("script")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser.parse_args(words)


def run(allocator, script, arguments):
    """The program's snapshot; its output goes where ours does. CalledProcessError when it fails."""
    variables = starting.environment("inspect" if allocator == "pymalloc" else "install")
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, [PACKAGES, variables.get("PYTHONPATH")]))
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "snapshot")
        subprocess.run([sys.executable, *starting.interpreter_options(), "-m", "epmalloc.inspected", allocator, out,
                        script, *arguments], env=variables, check=True)
        with open(out, "rb") as file:
            return pickle.load(file)


def main(words):
    options = parse(words)
    allocators = [options.only] if options.only else ["pymalloc", "epmalloc"]
    if not os.path.exists(options.script):
        print(f"epmalloc: there is no {options.script}", file=sys.stderr)
        return 2
    try:
        heaps = [run(allocator, options.script, options.arguments) for allocator in progress(allocators, "running")]
    except subprocess.CalledProcessError as error:
        print(f"epmalloc: {options.script} ended with {error.returncode}", file=sys.stderr)
        return 1
    print(heapmap.text_tables(heaps))
    for path, make in (options.html, heapmap.html), (options.svg, lambda heaps, title: heapmap.svg(heaps)):
        if path:
            with open(path, "w", encoding="utf-8") as file:
                file.write(make(heaps, f"{os.path.basename(options.script)}: arenas and pools at its end"))
    return 0
