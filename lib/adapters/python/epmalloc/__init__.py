"""CPython on epmalloc: its objects in epmalloc's arenas, pools and blocks, and a look at them.

    import epmalloc
    epmalloc.install()              # new objects come from epmalloc
    print(epmalloc.stats().allocated_bytes)

Or without a line in the program: `python3 -m epmalloc script.py`, or PYTHONEPMALLOC=1 in the environment.

Figures are exact when no other thread runs that has not called `thread_idle()`; docs/statistics.md of epmalloc says
of each what it means. Looking changes little: walks keep what they see outside the heap.
"""
import _tracemalloc
import os
import sys

from ._epmalloc import (Arena, Block, Pool, SizeClass, Stats, Thread, arenas, classes, installed, is_preloaded,
                        options, owns, pools, stats, thread_idle, threads, trim, walk)
from . import _epmalloc

__version__ = "0.1.0"
__all__ = ["Arena", "Block", "Pool", "SizeClass", "Stats", "Thread", "arenas", "classes", "debugmallocstats",
           "events", "install", "installed", "is_preloaded", "options", "owns", "pools", "stats", "stats_text", "thread_idle",
           "threads", "trim", "walk", "why"]

DOMAINS = ("raw", "mem", "obj")
FORMATS = {"text": 0, "json": 1, "openmetrics": 2, "xml": 3}
EVERY_PART = 15


def install(domains=DOMAINS):
    """Puts epmalloc in the place of the allocators of CPython's domains.

    domains   any of "raw" (PyMem_RawMalloc), "mem" (PyMem_Malloc) and "obj" (PyObject_Malloc).

    What was allocated before stays where it is, and goes back there when it is freed; so call this early. Debug hooks
    (PYTHONMALLOC=debug) stay on top. There is no way back, and a second call does nothing. Call it before other
    threads run: CPython's allocators are replaced without a lock.

    RuntimeError: tracemalloc is tracing (it puts back what it found when it stops, so start it after this); or
    this is a free-threaded build, whose "mem" and "obj" must stay on the mimalloc it brings.
    """
    wanted = [domains] if isinstance(domains, str) else list(domains)
    for domain in wanted:
        if domain not in DOMAINS:
            raise ValueError(f"domain {domain!r} is none of {', '.join(DOMAINS)}")
    if "t" in sys.abiflags and set(wanted) - {"raw"}:
        raise RuntimeError("a free-threaded build needs its own allocator for 'mem' and 'obj': install(('raw',))")
    if _tracemalloc.is_tracing():
        raise RuntimeError("tracemalloc is tracing, and stopping it would undo this: install() first, then start()")
    for domain in wanted:
        _epmalloc.install(domain)


def debugmallocstats(file=None):
    """Prints epmalloc's heap in the layout of sys._debugmallocstats().

    file      a file with a descriptor; sys.stderr when None. Its buffer is flushed before.
    """
    file = sys.stderr if file is None else file
    file.flush()
    _epmalloc.write_cpython(file.fileno())


def stats_text(form="text"):
    """All statistics as one document.

    form      "text", "json", "openmetrics" or "xml".
    """
    if form not in FORMATS:
        raise ValueError(f"form {form!r} is none of {', '.join(FORMATS)}")
    fd = os.memfd_create("epmalloc")
    with open(fd, "r+", encoding="utf-8") as file:
        _epmalloc.write_stats(fd, FORMATS[form], EVERY_PART)
        file.seek(0)
        return file.read()


def events(kinds=None):
    """Records state changes of arenas, pools, runs, huge blocks and threads: see epmalloc.recording.Events.

        with epmalloc.events(kinds=epmalloc.recording.USABLE_ARENAS) as events:
            work()
            for event in events:
                print(event.kind, hex(event.object), event.before, event.after)
    """
    from . import recording
    return recording.Events(kinds)


def why(most=10, types=8):
    """Why the heap cannot shrink: see epmalloc.reasons.why()."""
    from . import reasons
    return reasons.why(most, types)
