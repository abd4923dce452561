"""What runs, and how long the rest will take: one line on stderr."""

import sys
import time


class Progress:
    def __init__(self, total):
        self.total, self.done, self.start = total, 0, time.monotonic()

    def left_text(self):
        """Minutes and seconds, reckoned from those that are done."""
        if not self.done:
            return "?"
        seconds = int((time.monotonic() - self.start) / self.done * (self.total - self.done))
        return f"{seconds // 60}:{seconds % 60:02d}"

    def show(self, what):
        line = f"[{self.done + 1}/{self.total}] {what}, about {self.left_text()} left"
        if sys.stderr.isatty():
            print("\r\x1b[K" + line, end="", file=sys.stderr, flush=True)
        elif self.done % 20 == 0:
            print(line, file=sys.stderr, flush=True)
        self.done += 1

    @staticmethod
    def clear():
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
