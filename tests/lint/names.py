#!/usr/bin/env python3
"""Names: no empty words, prefixes that tell who may call, no typedef of a structure."""
import os
import re

import source

EMPTY = {"data", "info", "ctx", "helper", "helpers", "util", "utils", "misc", "common", "ex", "impl", "stuff",
         "manager", "foo", "bar", "tmp"}
# Names of the C library, the compiler, Concurrency Kit and liburcu.
FOREIGN = re.compile(r"malloc_info|siginfo_t|SA_SIGINFO|dl_phdr_info|__\w+|ck_\w+|si_\w+|st_\w+|_ITM_\w+|SCHED_\w+|_Unwind_\w+|(?:urcu|cds)_\w+")
# CPython's and the dynamic linker's, where their structures are used.
FOREIGN_IN_ADAPTERS = re.compile(r"Py\w+|ctx|Dl_info")
# Where lib defines names that are not its own.
FOREIGN_FILES = ("lib/api/libc.c", "lib/api/libc_stats.c", "lib/api/cxx.c")
FOLDERS = ("lib", "include", "tests", "stress", "bench", "tools")


def check_words(lint, path, text):
    seen = set()
    if path.endswith(".cpp"):
        text = text.replace(".data()", "")
    for word, line in source.identifiers(text):
        if word in seen or FOREIGN.fullmatch(word):
            continue
        if path.startswith("lib/adapters/python/") and FOREIGN_IN_ADAPTERS.fullmatch(word):
            continue
        seen.add(word)
        parts = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word.replace("malloc_info", "malloc")).lower().split("_")
        empty = EMPTY.intersection(parts[:-1] if parts[-1] in ("ex", "tmp") and len(parts) == 1 else parts)
        if empty:
            lint.complain(path, line, f"{word}: `{sorted(empty)[0]}` says nothing")
        if len(parts) > 1 and parts[-1] == "2" and path.startswith(("lib/", "include/")):
            lint.complain(path, line, f"{word}: a number is not a name")


def check_file_name(lint, path):
    stem = re.split(r"[._]", os.path.basename(path))
    empty = EMPTY.intersection(stem)
    if empty:
        lint.complain(path, 1, f"the file's name says nothing: `{sorted(empty)[0]}`")


def check_prefixes(lint, path, text):
    for function in source.functions(text):
        if function.is_static and function.name.startswith("ep_") and not path.endswith(".h"):
            lint.complain(path, function.first, f"{function.name} is static: <verb>_<noun>, without prefix")
        if not function.is_static and not re.match(r"ep_", function.name) and path not in FOREIGN_FILES:
            lint.complain(path, function.first, f"{function.name} is shared: ep_ (public) or ep__ (internal)")
    for number, line in enumerate(source.blank(text).split("\n"), 1):
        if re.match(r"\s*typedef\s+(struct|union|enum)\b", line):
            lint.complain(path, number, "typedef of a structure: use the bare noun, `struct pool`")


def main():
    lint = source.Lint(__doc__)
    for path in lint.files(*FOLDERS, ends=(".c", ".h", ".cpp", ".py")):
        check_file_name(lint, path)
        if path.endswith(".py"):
            continue
        text = lint.read(path)
        check_words(lint, path, text)
        if path.startswith("lib/") and not path.startswith("lib/adapters/"):
            check_prefixes(lint, path, text)
    lint.end()


main()
