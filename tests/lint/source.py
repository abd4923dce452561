"""What every lint needs: the files of a tree, C text without comments, functions, and the report.

A lint is a program `<name>.py [--root DIR]` that prints one line a complaint, "path:line: sentence",
and exits 1 if there was one.  `seeded.py` runs it on the bad trees under `seeded/<name>/`.
"""
import argparse
import os
import re
import sys

SKIPPED_FOLDERS = {".git", "__pycache__", "seeded"}


class Lint:
    def __init__(self, description):
        parser = argparse.ArgumentParser(description=description)
        here = os.path.dirname(os.path.abspath(__file__))
        parser.add_argument("--root", default=os.path.dirname(os.path.dirname(here)))
        parser.add_argument("arguments", nargs="*")
        options = parser.parse_args()
        self.root = os.path.abspath(options.root)
        self.arguments = options.arguments
        self.complaints = 0

    def complain(self, path, line, sentence):
        self.complaints += 1
        print(f"{path}:{line}: {sentence}")

    def remark(self, path, line, sentence):
        print(f"{path}:{line}: (remark) {sentence}")

    def files(self, *folders, ends=None):
        """Paths relative to the root, sorted; `folders` may also name files; "." is everything."""
        found = []
        for folder in folders:
            start = os.path.join(self.root, folder)
            if os.path.isfile(start):
                found.append(folder)
            for where, below, names in os.walk(start):
                below[:] = sorted(d for d in below if not self.skips(where, d))
                found += [os.path.relpath(os.path.join(where, n), self.root) for n in names]
        return sorted(f for f in found if ends is None or f.endswith(ends))

    def skips(self, where, folder):
        top = os.path.abspath(where) == self.root
        return folder in SKIPPED_FOLDERS or (top and re.match(r"build($|-)", folder))

    def exists(self, path):
        return os.path.exists(os.path.join(self.root, path))

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as file:
            return file.read()

    def end(self):
        if self.complaints:
            print(f"{self.complaints} complaint(s)")
        sys.exit(1 if self.complaints else 0)


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(text, strings=True):
    """C text with comments (and the insides of strings) turned to spaces; lines keep their numbers."""

    def spaces(match):
        token = match.group()
        if token[0] in "\"'" and not strings:
            return token
        return re.sub(r"[^\n]", " ", token)

    return TOKEN.sub(spaces, text)


class Function:
    def __init__(self, name, is_static, first, body, last, parameters):
        self.name = name
        self.is_static = is_static
        self.first = first  # line of the header
        self.body = body  # line of the opening brace
        self.last = last  # line of the closing brace
        self.parameters = parameters


HEADER = re.compile(r"([A-Za-z_]\w*)\s*\(((?:[^()]|\([^()]*\))*)\)\s*$", re.S)


def functions(text):
    """The functions defined in a C text laid out by clang-format: braces alone in column 0."""
    lines = blank(text).split("\n")
    found = []
    at = 0
    while at < len(lines):
        if lines[at].rstrip() != "{":
            at += 1
            continue
        first = at
        while first > 0 and lines[first - 1].strip() and not re.search(r"[;}]\s*$|^#", lines[first - 1]):
            first -= 1
        last = at
        while last < len(lines) - 1 and not lines[last].startswith("}"):
            last += 1
        header = "\n".join(lines[first:at])
        match = HEADER.search(header)
        if match:
            found.append(Function(match.group(1), re.search(r"\bstatic\b|\bEP__INLINE\b", header) is not None,
                                  first + 1, at + 1, last + 1, count_parameters(match.group(2))))
        at = last + 1
    return found


def count_parameters(text):
    text = re.sub(r"\([^()]*\)", "", text).strip()
    return 0 if text in ("", "void") else text.count(",") + 1


def identifiers(text):
    """Every word of a C text outside comments and strings, with its line: (word, line)."""
    for number, line in enumerate(blank(text).split("\n"), 1):
        for match in re.finditer(r"[A-Za-z_]\w*", line):
            yield match.group(), number
