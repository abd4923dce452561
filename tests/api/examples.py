#!/usr/bin/env python3
"""Compiles and runs the examples of the public header's docstrings.

Each is the body of a function that returns 0; one that returns anything else, or does not compile
without a warning, or for which there is no function, is an error.  Every function must have one.
Arguments: the header, the C compiler, the library.
"""
import os
import re
import subprocess
import sys
import tempfile

DOCSTRING = re.compile(r"/\*\n \* (ep_\w+) - .*?\*/", re.S)
EXAMPLE = re.compile(r" \* Example:\n((?: \*     .*\n)+)")
DECLARED = re.compile(r"^EP_API [\w *]*?\b(ep_\w+)\(", re.M)
BEFORE = """#include <epmalloc/epmalloc.h>
#include <stdio.h>
#include <string.h>
"""


def find_examples(text):
    examples = {}
    for docstring in DOCSTRING.finditer(text):
        match = EXAMPLE.search(docstring.group())
        if match:
            examples[docstring.group(1)] = re.sub(r"^ \*     ", "    ", match.group(1), flags=re.M)
    return examples


def make_program(examples):
    functions = [f"static int use_{name}(void)\n{{\n{body}    return 0;\n}}\n" for name, body in examples.items()]
    calls = " + ".join(f"(use_{name}() != 0)" for name in examples)
    return BEFORE + "\n".join(functions) + f"\nint main(void)\n{{\n    return {calls};\n}}\n"


def main():
    header, compiler, library = sys.argv[1:]
    with open(header, encoding="utf-8") as file:
        text = file.read()
    examples = find_examples(text)
    missing = set(DECLARED.findall(text)) ^ set(examples)
    if missing:
        sys.exit(f"functions without an example, or examples without a function: {sorted(missing)}")
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, "examples.c"), os.path.join(folder, "examples")
        with open(source, "w", encoding="utf-8") as file:
            file.write(make_program(examples))
        include = os.path.dirname(os.path.dirname(os.path.abspath(header)))
        subprocess.run([compiler, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", include, source,
                        "-o", program, library, f"-Wl,-rpath,{os.path.dirname(library)}"], check=True)
        subprocess.run([program], check=True, stdout=subprocess.DEVNULL, timeout=60)
    print(f"{len(examples)} examples")


main()
