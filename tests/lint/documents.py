#!/usr/bin/env python3
"""Documents do not lie: what stands in backticks and looks like a path or a name of ours exists, links
lead somewhere, and the tree in lib/README.md is the tree of lib."""
import glob
import os
import re

import source

TOPS = ("lib", "include", "stress", "bench", "tests", "docs", "tools", ".ci")
TOP_FILES = ("CMakeLists.txt", "README.md", "CHANGELOG.md", "LICENSE", ".clang-format", ".gitignore")
LAYERS = ("sys", "epoch", "arena", "pool", "cache", "observe", "api", "adapters")
CODE = (".c", ".h", ".cpp", ".py", ".sh")
NAME = re.compile(r"(?:struct |enum )?((?:ep__?|EP__?|EPMALLOC_)\w+|[a-z]\w*(?=\(\)))(?:\(.*\))?")
PATH = re.compile(r"[\w.*<>{},+-]+(?:/[\w.*<>{},+-]+)+/?|[\w-]+\.(?:c|h|md|py|cpp)")
LIBRARY_NAMES = re.compile(r"(?:m|c|re)alloc|free|fork|vfork|mmap|munmap|madvise|mremap|mprotect|sysconf|dlopen|dlsym|"
                           r"main|exit|abort|atexit|getenv|setenv|pthread_\w+|syscall|write|clone|_Fork|new|delete|"
                           r"std::\w+|posix_memalign|aligned_alloc|malloc_\w+|mallinfo2?|mallopt|ck_\w+")


def spans(text):
    """(line, text) of each backticked span outside fenced blocks, and each word of fenced blocks with a slash."""
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            for word in re.findall(r"(?<![\w/.$-])(?:\./)?([\w.-]+(?:/[\w.-]+)+)", line):
                if word.split("/")[0] in TOPS:
                    yield number, word
        else:
            for span in re.findall(r"`([^`]+)`", line):
                yield number, span
            for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", line):
                yield number, link


def is_ours(path):
    first = path.split("/")[0]
    return first in TOPS or first in LAYERS or path in TOP_FILES or re.fullmatch(r"[\w-]+\.(c|h|md)", path)


def path_exists(lint, document, path):
    if re.search(r"[<>{}]", path):
        return True
    for base in ("", os.path.dirname(document), "lib", "include"):
        if glob.glob(os.path.join(lint.root, base, path)):
            return True
    return "/" not in path and any(os.path.basename(f) == path for f in lint.files("."))


def check_span(lint, document, line, span, words):
    name = NAME.fullmatch(span)
    if name:
        word = name.group(1)
        if not word.endswith("_") and word not in words and not LIBRARY_NAMES.fullmatch(word):
            lint.complain(document, line, f"`{span}`: there is no {word}")
    elif PATH.fullmatch(span) and is_ours(span) and not path_exists(lint, document, span):
        lint.complain(document, line, f"`{span}` is not there")


def check_tree(lint, document):
    """Lines "    file.h file.c   what" under a line "    layer/   what", or "layer/folder/", in the fenced tree."""
    if not lint.exists(document):
        lint.complain(document, 1, "is not there")
        return
    listed = {}
    folder = None
    for number, line in enumerate(lint.read(document).split("\n"), 1):
        head = re.match(r"\s+(\w+(?:/\w+)?)/(?:\s|$)", line)
        files = re.match(r"\s+((?:\w+\.(?:c|h|cpp)\s?)+)(?:\s|$)", line)
        if head and head.group(1).split("/")[0] in LAYERS:
            folder = head.group(1)
        elif files and folder:
            listed.update({f"lib/{folder}/{file}": number for file in files.group(1).split()})
    present = set(lint.files("lib", ends=(".c", ".h", ".cpp")))
    for path in sorted(present - set(listed)):
        lint.complain(document, 1, f"the tree does not list {path}")
    for path in sorted(set(listed) - present):
        lint.complain(document, listed[path], f"the tree lists {path}, which is not there")


def main():
    lint = source.Lint(__doc__)
    words = set()
    for path in lint.files("lib", "include", "tests", "stress", "bench", "tools", "CMakeLists.txt"):
        if path.endswith(CODE + ("CMakeLists.txt",)) or path.startswith("tools/"):
            words.update(re.findall(r"\w+", lint.read(path)))
    documents = [p for p in lint.files(".", ends=".md")]
    for document in documents:
        for line, span in spans(lint.read(document)):
            check_span(lint, document, line, span.strip(), words)
    check_tree(lint, "lib/README.md")
    lint.end()


main()
