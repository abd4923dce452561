#!/usr/bin/env python3
"""Includes point down: a layer of lib/ includes its own files and those of the layers below it."""
import re

import source

LAYERS = ["sys", "epoch", "arena", "pool", "cache", "observe", "api"]
# The unwinder is loaded when call stacks are asked for, and not before (lib/observe/unwinder.h).
EXCEPTIONS = {("dlfcn.h", "lib/observe/unwinder.c")}
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)


def check_quoted(lint, path, line, layer, included):
    target = included.split("/")[0]
    if target not in LAYERS or ".." in included:
        lint.complain(path, line, f'includes "{included}": write "<layer>/<file>.h"')
    elif LAYERS.index(target) > LAYERS.index(layer):
        lint.complain(path, line, f"{layer} includes {included}, which is above it")
    elif not lint.exists("lib/" + included):
        lint.complain(path, line, f"includes {included}, which is not there")


def check_system(lint, path, line, layer, included):
    if included.startswith("ck_") and layer != "epoch":
        lint.complain(path, line, f"includes <{included}>: only lib/epoch knows Concurrency Kit")
    if included.startswith("urcu"):
        lint.complain(path, line, f"includes <{included}>: liburcu is the program's")
    if included.startswith("epmalloc/") and layer not in ("api", "observe"):
        lint.complain(path, line, f"{layer} includes the public header")
    if included in ("stdio.h", "locale.h", "dlfcn.h") and (included, path) not in EXCEPTIONS:
        lint.complain(path, line, f"includes <{included}>: lib calls no stdio, no locale, no dlsym")


def main():
    lint = source.Lint(__doc__)
    for path in lint.files("lib", ends=(".c", ".h", ".cpp")):
        layer = path.split("/")[1]
        if layer == "adapters":
            continue
        if layer not in LAYERS:
            lint.complain(path, 1, "lies in no layer")
            continue
        text = source.blank(lint.read(path), strings=False)
        for match in INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            if match.group(1) and not match.group(1).startswith("epmalloc/"):
                check_quoted(lint, path, line, layer, match.group(1))
            else:
                check_system(lint, path, line, layer, match.group(1) or match.group(2))
    lint.end()


main()
