"""What the pages of the guide measure with. A page's numbers are its own: run it."""
import gc
import json
import os
import time

import epmalloc

SCALE = float(os.environ.get("GUIDE_SCALE", "1"))


def scaled(count):
    """How many things to make: fewer when the page is only tested."""
    return max(1000, int(count * SCALE))


def mib(size):
    return f"{size / 2**20:.1f} MiB"


def cost(make):
    """(what make() returns, the bytes of the blocks that it keeps)."""
    gc.collect()
    before = epmalloc.stats().allocated_bytes
    thing = make()
    gc.collect()
    return thing, epmalloc.stats().allocated_bytes - before


def status_bytes(key):
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key + ":"))


def resident():
    return status_bytes("VmRSS")


def rollup_bytes(key):
    with open("/proc/self/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key + ":"))


def in_child(work):
    """What work() returns, in a forked child; must be something that JSON can write."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        with open(write, "w", encoding="utf-8") as file:
            json.dump(work(), file)
        os._exit(0)
    os.close(write)
    with open(read, encoding="utf-8") as file:
        text = file.read()
    if os.waitpid(child, 0)[1] != 0:
        raise RuntimeError("the child failed")
    return json.loads(text)


def peak_of(work):
    """By how many bytes the resident memory of a child rises while it does work()."""
    def run():
        before = resident()
        work()
        return status_bytes("VmHWM") - before
    return in_child(run)


def seconds(work, times=3):
    """The least of some times that work() takes."""
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return min(took)
