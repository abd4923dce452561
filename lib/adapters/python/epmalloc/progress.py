"""A line that says how far something long has come, where a terminal is there to show it."""
import sys
import time


def progress(things, what, count=None):
    """Yields what `things` yields; shows on stderr how much of it is done, from half a second on."""
    count = len(things) if count is None else count
    is_shown = sys.stderr.isatty() and count > 0
    begun = shown = time.monotonic()
    for i, thing in enumerate(things):
        yield thing
        if is_shown and i % 64 == 0 and time.monotonic() - shown > 0.1 and time.monotonic() - begun > 0.5:
            shown = time.monotonic()
            done = min(i + 1, count)
            bar = "#" * (30 * done // count)
            print(f"\r{what} [{bar:<30}] {100 * done // count:3} %", end="", file=sys.stderr, flush=True)
    if is_shown and shown != begun:
        print("\r" + " " * (len(what) + 40) + "\r", end="", file=sys.stderr, flush=True)
