"""Runs one program under one allocator, and says in a word how it failed; by way of measured_run also
what it cost."""

import json
import os
import signal
import subprocess

from .allocators import SetupError
from .machine import first_line

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

    def __init__(self, build, allocator_library, command, timeout_s, **popen):
        self.read_fd, write_fd = os.pipe()
        launch = [program_path(build, "measured_run"), "--timeout", str(timeout_s),
                  "--report", str(write_fd)]
        if allocator_library:
            launch += ["--preload", allocator_library]
        popen.setdefault("stdout", subprocess.PIPE)
        popen.setdefault("stderr", subprocess.PIPE)
        self.process = subprocess.Popen(launch + ["--"] + command, pass_fds=[write_fd],
                                        text=True, errors="replace", **popen)
        os.close(write_fd)

    def rss_kib(self):
        """Rss of the program as it runs; None when it has ended."""
        me = self.process.pid
        child = first_line(f"/proc/{me}/task/{me}/children")
        rss = first_line(f"/proc/{child}/smaps_rollup", "Rss:").split()
        return float(rss[0]) if rss else None

    def stop(self):
        """SIGTERM to the program, by way of measured_run, which ends it where that does not."""
        self.process.send_signal(signal.SIGTERM)

    def finish(self):
        """Waits; returns the costs, with `stdout`, `stderr` and `failure` (None or one line)."""
        out, err = self.process.communicate()
        with os.fdopen(self.read_fd) as report:
            text = report.read()
        cost = json.loads(text) if text else {"exit": 125, "signal": 0, "timed_out": False}
        cost["stdout"], cost["stderr"] = out or "", err or ""
        cost["failure"] = "timeout" if cost["timed_out"] else failure_of(
            cost["exit"], cost["signal"], cost["stderr"])
        return cost


def failure_of(exit_code, signal_number, stderr):
    """None, or what a cell says.  ld.so only warns when it cannot preload, and goes on with the C
    library's malloc."""
    if signal_number:
        names = {s.value: s.name for s in signal.Signals}
        return names.get(signal_number, f"signal {signal_number}")
    if exit_code:
        return f"exit {exit_code}"
    return "no preload" if "cannot be preloaded" in stderr else None


def measure(build, allocator_library, command, timeout_s, **popen):
    return Measured(build, allocator_library, command, timeout_s, **popen).finish()


def measure_scenario(setting, allocator, program, arguments):
    """The costs of a program of ours, and what its result line says."""
    command = [program_path(setting.build, program), *arguments, "--scale", str(setting.scale)]
    cost = measure(setting.build, allocator.preload, command, setting.timeout_s)
    words = words_of(cost["stdout"])
    if not cost["failure"] and not {"time_s", "rss_kib"} <= words.keys():
        cost["failure"] = "no result"
    return {**words, **cost}


def run_preloaded(allocator, command, timeout_s):
    """(stdout, stderr, failure) of a program whose costs nobody asks for."""
    try:
        done = subprocess.run(command, env=allocator.environment(), capture_output=True, text=True,
                              errors="replace", timeout=timeout_s)
    except subprocess.TimeoutExpired:
        return "", "", "timeout"
    failure = failure_of(max(0, done.returncode), max(0, -done.returncode), done.stderr)
    return done.stdout, done.stderr, failure


def words_of(line_text):
    """The key=value words of a program's result line."""
    words = {}
    for word in line_text.split():
        key, equals, value = word.partition("=")
        if equals:
            words[key] = value
    return words
