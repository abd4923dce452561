"""How an interpreter is started that does something before its first object: by preloading."""
import os
import sys

from . import _epmalloc

FOLDER = os.path.dirname(os.path.abspath(__file__))


def environment(what):
    """The environment of an interpreter that begins with "install" (everything on epmalloc) or "inspect" (pymalloc's
    arenas are noted)."""
    variables = dict(os.environ)
    libraries = [os.path.join(FOLDER, "_start.so")]
    if what == "install" and not _epmalloc.is_preloaded():
        libraries.insert(0, os.path.join(FOLDER, "libepmalloc.so.0"))
    before = variables.get("LD_PRELOAD")
    if before:
        libraries.append(before)
        variables["EPMALLOC_PYTHON_PRELOAD"] = before
    variables["LD_PRELOAD"] = ":".join(libraries)
    variables["EPMALLOC_PYTHON_START"] = what
    asked = variables.pop("PYTHONMALLOC", "debug" if sys.flags.dev_mode else "")
    if asked.endswith("debug"):
        variables["PYTHONMALLOC"] = "malloc_debug" if what == "install" else "pymalloc_debug"
    return variables


def interpreter_options():
    """The options that this interpreter got before "-m epmalloc"."""
    words = sys.orig_argv[1:]
    for i, word in enumerate(words):
        if word == "-m" or word.startswith("-m"):
            return words[:i]
    return []
