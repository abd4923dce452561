"""bench/hot: nanoseconds and instructions where there are some, a word where an allocator fails.

    hot.py BUILD NAME=FAILING_LIBRARY...
"""

import os
import re
import subprocess
import sys

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main():
    build, *failing = sys.argv[1:]
    done = subprocess.run([os.path.join(BENCH, "hot"), "--build", build, "--quick", "--loops", "a",
                           "--only", "epmalloc,abort,silence", *failing], capture_output=True, text=True)
    print(done.stdout + done.stderr)
    good = re.findall(r"^epmalloc +([\d.]+)(?: \+-0\.0)?$", done.stdout, re.M)
    bad = re.findall(r"^(?:abort|silence) +FAIL$", done.stdout, re.M)
    if done.returncode != 0 or len(good) != 2 or len(bad) != 4 or min(map(float, good)) <= 0:
        print(f"status {done.returncode}, figures {good}, {len(bad)} of 4 failures")
        return 1
    return 0


sys.exit(main())
