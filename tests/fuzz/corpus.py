#!/usr/bin/env python3
"""The corpus as libFuzzer wants it, one file an input, and as it is kept, one line an input.

    corpus.py unpack corpus.txt FOLDER
    corpus.py pack FOLDER corpus.txt
"""
import os
import sys


def unpack(text, folder):
    with open(text, encoding="ascii") as file:
        for number, line in enumerate(file):
            with open(os.path.join(folder, f"seed{number:04}"), "wb") as out:
                out.write(bytes.fromhex(line.strip()))


def pack(folder, text):
    inputs = set()
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            inputs.add(file.read().hex())
    with open(text, "w", encoding="ascii") as out:
        out.writelines(f"{line}\n" for line in sorted(inputs - {""}, key=lambda i: (len(i), i)))


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("pack", "unpack"):
        sys.exit(__doc__)
    {"pack": pack, "unpack": unpack}[sys.argv[1]](*sys.argv[2:])


main()
