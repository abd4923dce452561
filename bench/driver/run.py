"""Runs one program under one allocator through measured_run and gives back what it cost."""

import json
import os
import signal
import subprocess

from .allocators import SetupError

SEGMENTS = ["bench", "."]


def find_build(given):
    """The folder with the benchmark programs; given, or build/ beside bench/."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    for build in [given] if given else [os.path.join(root, "build"), os.getcwd()]:
        if program_path(build, "measured_run", must_exist=False):
            return os.path.abspath(build)
    raise SetupError("no benchmark programs found; build them first: "
                     "cmake -B build -DEPMALLOC_BENCH=ON && cmake --build build "
                     "(or give --build FOLDER)")


def program_path(build, name, must_exist=True):
    for segment in SEGMENTS:
        path = os.path.join(build, segment, name)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return os.path.abspath(path)
    if must_exist:
        raise SetupError(f"{name} is not in {build}/bench; build with -DEPMALLOC_BENCH=ON")
    return None


class Measured:
    """A program running under measured_run."""

    def __init__(self, build, allocator_library, command, timeout_s=120, **popen):
        self.read_fd, write_fd = os.pipe()
        launch = [program_path(build, "measured_run"), "--timeout", str(timeout_s),
                  "--report", str(write_fd)]
        if allocator_library:
            launch += ["--preload", allocator_library]
        popen.setdefault("stdout", subprocess.PIPE)
        popen.setdefault("stderr", subprocess.PIPE)
        self.process = subprocess.Popen(launch + ["--"] + command, pass_fds=[write_fd],
                                        text=True, **popen)
        os.close(write_fd)

    def stop(self):
        """SIGTERM to the program, by way of measured_run."""
        self.process.send_signal(signal.SIGTERM)

    def finish(self):
        """Waits; returns the costs, with `stdout`, `stderr` and `failure` (None or one line)."""
        out, err = self.process.communicate()
        with os.fdopen(self.read_fd) as report:
            text = report.read()
        cost = json.loads(text) if text else {"exit": 125, "signal": 0, "timed_out": False}
        cost["stdout"], cost["stderr"] = out or "", err or ""
        cost["failure"] = describe_failure(cost)
        return cost


def describe_failure(cost):
    if cost["timed_out"]:
        return "timeout"
    if cost["signal"]:
        return signal.Signals(cost["signal"]).name
    if cost["exit"]:
        return f"exit {cost['exit']}"
    if "cannot be preloaded" in cost["stderr"]:
        return "no preload"
    return None


def measure(build, allocator_library, command, timeout_s=120, **popen):
    return Measured(build, allocator_library, command, timeout_s, **popen).finish()


def words_of(line_text):
    """The key=value words of a program's result line."""
    words = {}
    for word in line_text.split():
        key, equals, value = word.partition("=")
        if equals:
            words[key] = value
    return words
