"""One line on stderr that says what runs and how long the rest will take."""

import sys
import time


class Progress:
    def __init__(self, total):
        self.total, self.done, self.start = total, 0, time.monotonic()

    def show(self, what):
        left = "?"
        if self.done:
            seconds = (time.monotonic() - self.start) / self.done * (self.total - self.done)
            left = f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
        line = f"[{self.done + 1}/{self.total}] {what}, about {left} left"
        if sys.stderr.isatty():
            print("\r\x1b[K" + line, end="", file=sys.stderr, flush=True)
        elif self.done % 20 == 0:
            print(line, file=sys.stderr, flush=True)
        self.done += 1

    @staticmethod
    def clear():
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
