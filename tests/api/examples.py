#!/usr/bin/env python3
"""What the public headers tell people: its examples compile and run, its defaults are the defaults.

An example is the body of a function that returns 0; one that returns anything else, or does not compile
without a warning, or for which there is no function, is an error.  Every function must have one.
Every option must stand in the list of options with its default in parentheses.
Arguments: the headers' folder, the C compiler, the library.
"""
import os
import re
import subprocess
import sys
import tempfile

DOCSTRING = re.compile(r"/\*\n \* (ep_\w+) - .*?\*/", re.S)
EXAMPLE = re.compile(r" \* Example:\n((?: \*     .*\n)+)")
DECLARED = re.compile(r"^EP_API [\w *]*?\b(ep_\w+)\(", re.M)
SHOW_OPTIONS = """#include <epmalloc/epmalloc.h>
#include <stdio.h>
int main(void)
{
    char text[1024];
    return ep_options(text, sizeof text) >= sizeof text || puts(text) < 0;
}
"""
BEFORE = """#include <epmalloc/epmalloc.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
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


def build_and_run(text, headers, compiler, library):
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, "program.c"), os.path.join(folder, "program")
        with open(source, "w", encoding="utf-8") as file:
            file.write(text)
        include = os.path.dirname(os.path.abspath(headers))
        subprocess.run([compiler, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", include, source,
                        "-o", program, library, f"-Wl,-rpath,{os.path.dirname(library)}"], check=True)
        environment = {name: value for name, value in os.environ.items() if name != "EPMALLOC_CONF"}
        run = subprocess.run([program], check=True, capture_output=True, text=True, errors="replace", timeout=60,
                             env=environment)
        return run.stdout


def check_defaults(text, options):
    for option in options.strip().split(","):
        key, default = option.split(":")
        documented = re.search(rf"^ \*   {key}:[^()]*\(([^()]*)\)$", text, re.M)
        if documented is None or documented.group(1) != default:
            sys.exit(f"the header does not say that {key}'s default is {default}")


def main():
    headers, compiler, library = sys.argv[1:]
    text = ""
    for name in sorted(os.listdir(headers)):
        with open(os.path.join(headers, name), encoding="utf-8") as file:
            text += file.read()
    examples = find_examples(text)
    missing = set(DECLARED.findall(text)) ^ set(examples)
    if missing:
        sys.exit(f"functions without an example, or examples without a function: {sorted(missing)}")
    build_and_run(make_program(examples), headers, compiler, library)
    check_defaults(text, build_and_run(SHOW_OPTIONS, headers, compiler, library))
    print(f"{len(examples)} examples")


main()
