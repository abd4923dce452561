"""The allocators of a run: glibc, the packaged peers that are installed, NAME=PATH libraries."""

import glob
import os
import subprocess
from dataclasses import dataclass

from . import machine

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIBRARY_FOLDERS = ["/usr/lib/*-linux-gnu*", "/usr/lib64", "/usr/lib", "/usr/local/lib"]
PACKAGED = {
    "jemalloc": ["libjemalloc.so.2"],
    "mimalloc": ["libmimalloc.so.2", "libmimalloc.so.2.0"],
    "tcmalloc": ["libtcmalloc_minimal.so.4"],
}
PACKAGES = {"jemalloc": "libjemalloc2", "mimalloc": "libmimalloc2.0",
            "tcmalloc": "libtcmalloc-minimal4"}


class SetupError(Exception):
    """What a person has to put right before anything can be measured; one line."""


@dataclass
class Allocator:
    name: str
    preload: str | None  # None: the C library's own
    version: str = ""

    def environment(self):
        return {**os.environ, "LD_PRELOAD": self.preload} if self.preload else dict(os.environ)


def find_library(names):
    for folder in LIBRARY_FOLDERS:
        for name in names:
            for path in sorted(glob.glob(os.path.join(folder, name))):
                return path
    return None


def package_version(package):
    done = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package],
                          capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else ""


def glibc_version():
    return os.confstr("CS_GNU_LIBC_VERSION") or ""


def packaged_peers():
    peers = [Allocator("glibc", None, glibc_version())]
    for name, files in PACKAGED.items():
        library = find_library(files)
        if library:
            peers.append(Allocator(name, library, package_version(PACKAGES[name])))
    return peers


def note_beside(path):
    """The line in PATH.version: version, compiler and flags of a library that is in no package."""
    try:
        with open(path + ".version", encoding="utf-8") as note:
            return note.readline().strip()
    except OSError:
        return ""


def parse_named(text):
    name, equals, path = text.partition("=")
    if not equals or not name or not path:
        raise SetupError(f"'{text}' is not of the form NAME=PATH")
    if not os.path.isfile(path):
        raise SetupError(f"{name}: no library at {path}")
    return Allocator(name, os.path.abspath(path), note_beside(path))


def choose(named, build, only=None):
    """epmalloc of the build folder, the packaged peers, then NAME=PATH; a name given again wins."""
    found = {}
    own = os.path.join(build, "libepmalloc.so")
    if os.path.isfile(own):
        found["epmalloc"] = Allocator("epmalloc", os.path.abspath(own), machine.commit_of(ROOT))
    for allocator in packaged_peers() + [parse_named(text) for text in named]:
        found[allocator.name] = allocator
    if only:
        missing = [name for name in only if name not in found]
        if "epmalloc" in missing:
            raise SetupError(f"no libepmalloc.so in {build}; build it: cmake --build {build}")
        if missing:
            raise SetupError(f"no such allocator here: {', '.join(missing)} "
                             f"(there are: {', '.join(found)})")
        found = {name: found[name] for name in only}
    return list(found.values())


def facts_of(chosen):
    """What is kept with figures; of a library's path only the file's name."""
    return [{"name": a.name, "version": a.version,
             "library": os.path.basename(a.preload) if a.preload else "the C library"} for a in chosen]

