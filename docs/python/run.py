#!/usr/bin/python3
"""Runs pages of the guide and shows what they print; a page is a program between its paragraphs.

    docs/python/run.py slots.md             one page; all pages without a name
    docs/python/run.py --write              and puts what was printed into the pages
    docs/python/run.py --short              a hundredth of the work, to see that they run

The blocks of a page run one after the other in a new interpreter, on epmalloc before its first object. What a block
prints stands in the block of text behind it. --build: the build folder (default: build beside docs)."""
import argparse
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import types

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
BLOCK = re.compile(r"```python\n(.*?)```\n(?:\n```text\n.*?```\n)?", re.S)


def run_blocks(path):
    """In the new interpreter: prints what each block printed, as JSON."""
    with open(path, encoding="utf-8") as file:
        blocks = BLOCK.findall(file.read())
    page = sys.modules["page"] = types.ModuleType("page")
    outputs = []
    for block in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block, path, "exec"), vars(page))
        outputs.append(printed.getvalue())
    print(json.dumps(outputs))


def run_page(path, build, scale):
    """What each block printed. CalledProcessError when one failed."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    clean.update(GUIDE_SCALE=str(scale), PYTHONPATH=os.pathsep.join([os.path.join(build, "python"), HERE]))
    done = subprocess.run([sys.executable, "-m", "epmalloc", os.path.abspath(__file__), "--inside", path], env=clean,
                          cwd=HERE, text=True, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def write_page(path, outputs):
    waiting = iter(outputs)

    def renew(match):
        output = next(waiting)
        return f"```python\n{match.group(1)}```\n" + (f"\n```text\n{output}```\n" if output else "")

    with open(path, encoding="utf-8") as file:
        text = BLOCK.sub(renew, file.read())
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pages", nargs="*", help="files of this folder")
    parser.add_argument("--build", default=os.path.join(TREE, "build"))
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.inside and not os.path.isdir(os.path.join(arguments.build, "python", "epmalloc")):
        parser.error(f"there is no Python package in {arguments.build}: build it, with python3-dev installed")
    return arguments


def main():
    arguments = parse_arguments()
    if arguments.inside:
        return run_blocks(arguments.pages[0])
    pages = arguments.pages or sorted(name for name in os.listdir(HERE) if name.endswith(".md"))
    for page in pages:
        path = os.path.join(HERE, os.path.basename(page))
        outputs = run_page(path, os.path.abspath(arguments.build), 0.01 if arguments.short else 1)
        if not outputs and page != "README.md":
            sys.exit(f"{page}: has no block of Python")
        print(f"== {page}")
        print("".join(outputs), end="", flush=True)
        if arguments.write:
            write_page(path, outputs)
    return None


main()
