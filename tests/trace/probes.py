#!/usr/bin/env python3
"""A built library has a USDT note for each probe that docs/tracing.md lists, and each has a semaphore of its own.

Arguments: the source tree, the library's file (ELF, 64 bits, little-endian).  The notes are read here, not by a
tool, so that what is shipped is what is looked at.
"""
import os
import re
import struct
import sys


def sections(image):
    """(name, type, address, offset, size) of each."""
    assert image[:6] == b"\x7fELF\x02\x01", "not an ELF file of 64 bits, little-endian"
    start, = struct.unpack_from("<Q", image, 0x28)
    entry_bytes, count, names_index = struct.unpack_from("<HHH", image, 0x3A)
    rows = [struct.unpack_from("<IIQQQQ", image, start + i * entry_bytes) for i in range(count)]
    names_at = rows[names_index][4]
    for name, kind, _, address, offset, size in rows:
        end = image.index(b"\0", names_at + name)
        yield image[names_at + name:end].decode(), kind, address, offset, size


def notes(image, offset, size):
    """(owner, type, bytes) of each note of a section."""
    at, end = offset, offset + size
    while at + 12 <= end:
        name_bytes, body_bytes, kind = struct.unpack_from("<III", image, at)
        name_at = at + 12
        body_at = name_at + (name_bytes + 3 & ~3)
        yield image[name_at:name_at + name_bytes - 1].decode(), kind, image[body_at:body_at + body_bytes]
        at = body_at + (body_bytes + 3 & ~3)


def probes(image):
    """provider, name, address of the nop, semaphore, arguments"""
    for name, _, _, offset, size in sections(image):
        if name != ".note.stapsdt":
            continue
        for owner, kind, body in notes(image, offset, size):
            assert (owner, kind) == ("stapsdt", 3)
            address, _, semaphore = struct.unpack_from("<QQQ", body)
            provider, probe, arguments = body[24:].split(b"\0")[:3]
            yield provider.decode(), probe.decode(), address, semaphore, arguments.decode().split()


def documented(tree):
    with open(os.path.join(tree, "docs", "tracing.md"), encoding="utf-8") as file:
        return set(re.findall(r"^\| `(\w+)` \|", file.read(), re.M))


def main():
    tree, library = sys.argv[1:]
    with open(library, "rb") as file:
        image = file.read()
    found = [probe for probe in probes(image) if probe[0] == "epmalloc"]
    names = {probe[1] for probe in found}
    assert names == documented(tree), f"only in the library or only in docs/tracing.md: {names ^ documented(tree)}"
    assert len(found) == len(names), "a probe has several places"
    (_, _, start, _, size), = [section for section in sections(image) if section[0] == ".probes"]
    semaphores = {probe[3] for probe in found}
    assert len(semaphores) == len(found), "two probes share a semaphore"
    assert all(start <= semaphore < start + size for semaphore in semaphores), "a semaphore lies outside .probes"
    for _, name, address, _, arguments in found:
        assert len(arguments) == 6, f"{name} has the arguments {arguments}"
        code = [s for s in sections(image) if s[0] == ".text" or s[0].startswith(".text.")]
        assert any(a <= address < a + n for _, _, a, _, n in code), f"{name} lies outside the code"
    print(f"{len(found)} probes")


main()
