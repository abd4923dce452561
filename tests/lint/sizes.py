#!/usr/bin/env python3
"""How big things are.  Complaints: a file above 400 lines whose first lines do not say why ("Length:"),
a function above 50 lines or with more than 6 parameters, `#if` in a .c file of lib, more than 8 build
options.  Remarks: functions above 25 lines or with more than 4 parameters."""
import re

import source

FOLDERS = ("lib", "include", "tests", "stress", "bench", "tools")


def check_length(lint, path, lines):
    if len(lines) > 400 and not any("Length:" in line for line in lines[:60]):
        lint.complain(path, 1, f"has {len(lines)} lines; split it by noun, or say why under `Length:` in its header")


def check_functions(lint, path, text):
    for function in source.functions(text):
        length = function.last - function.first + 1
        if length > 50:
            lint.complain(path, function.first, f"{function.name} has {length} lines, above 50")
        elif length > 25:
            lint.remark(path, function.first, f"{function.name} has {length} lines, above 25")
        if function.parameters > 6:
            lint.complain(path, function.first, f"{function.name} has {function.parameters} parameters, above 6")
        elif function.parameters > 4:
            lint.remark(path, function.first, f"{function.name} has {function.parameters} parameters, above 4")


def check_conditionals(lint, path, text):
    for number, line in enumerate(source.blank(text).split("\n"), 1):
        if re.match(r"\s*#\s*if", line):
            lint.complain(path, number, "`#if` in a .c file: choose a file in CMakeLists.txt")


def check_options(lint):
    if not lint.exists("CMakeLists.txt"):
        return
    options = re.findall(r"^\s*(?:option\((\w+)|set\((EPMALLOC_\w+) .*CACHE)", lint.read("CMakeLists.txt"), re.M)
    if len(options) > 8:
        lint.complain("CMakeLists.txt", 1, f"has {len(options)} options, above 8")


def main():
    lint = source.Lint(__doc__)
    for path in lint.files(*FOLDERS):
        try:
            text = lint.read(path)
        except UnicodeDecodeError:
            continue
        if not path.endswith((".md", ".txt", ".json", ".csv")):
            check_length(lint, path, text.split("\n")[:-1])
        if path.endswith((".c", ".h")):
            check_functions(lint, path, text)
        if path.endswith(".c") and path.startswith("lib/"):
            check_conditionals(lint, path, text)
    check_options(lint)
    lint.end()


main()
