"""What every real program of the benchmarks needs: a job, its setting, running it once.

Every job is a function (Setting, Allocator) -> costs of measured_run, with `time_s` and
`failure`; its programs are listed so that a missing one is known before anything runs.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field

from . import run
from .allocators import Allocator

REAL = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "real")
OTHER_ALLOCATORS = re.compile(r"lib(jemalloc|tcmalloc|mimalloc)")


@dataclass
class Setting:
    build: str
    folder: str  # for what the jobs write; removed at the end
    scale: float
    timeout_s: int  # of one run


@dataclass
class Job:
    name: str
    what: str
    run_once: object
    programs: list = field(default_factory=list)

    def missing(self):
        return [p for p in self.programs if not find_program(p)]


def find_program(name):
    """Servers are in sbin, which is on root's path only."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def library_for(allocator: Allocator, program):
    """What to preload.  A program linked with an allocator of its own gets the C library's
    malloc only when the C library comes first."""
    if allocator.preload:
        return allocator.preload
    path = find_program(program)
    done = subprocess.run(["ldd", path], capture_output=True, text=True)
    if not OTHER_ALLOCATORS.search(done.stdout):
        return None
    found = re.search(r"libc\.so\.6 => (\S+)", done.stdout)
    return found.group(1) if found else None


def timed(cost):
    cost["time_s"] = cost.get("wall_s", 0.0)
    return cost


def failed(reason, stderr=""):
    return {"failure": reason, "stderr": stderr}


def run_simple(setting, allocator, command, **popen):
    return timed(run.measure(setting.build, library_for(allocator, command[0]), command,
                             setting.timeout_s, **popen))
