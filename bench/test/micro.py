"""bench/micro: figures where there are some, a word where an allocator fails.

    micro.py BUILD NAME=FAILING_LIBRARY...
"""

import os
import re
import subprocess
import sys

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROWS = {("batch_fifo/64", 1), ("batch_fifo/64", 4), ("hand_over_1_to_N/64", 4), ("hand_over_ring/64", 1),
        ("hand_over_ring/64", 4)}


def main():
    build, *failing = sys.argv[1:]
    done = subprocess.run([os.path.join(BENCH, "micro"), "--build", build, "--quick", "--threads", "1,4",
                           "--filter", "^batch_fifo/64|_to_N/64|ring/64",
                           "--only", "epmalloc,abort,silence", *failing], capture_output=True, text=True)
    print(done.stdout + done.stderr)
    found = {(name, int(threads)): float(ns) for name, threads, ns in
             re.findall(r"^(\S+) +(\d+) +([\d.]+)\* +SIGABRT +no result ", done.stdout, re.M)}
    if done.returncode != 0 or set(found) != ROWS or min(found.values()) <= 0:
        print(f"status {done.returncode}, rows {sorted(found)}")
        return 1
    return 0


sys.exit(main())
