#!/usr/bin/env python3
"""Runs a program of misuse and compares how it ends with the first line of its source:

    /* expect: SIGABRT "free of 0x[0-9a-f]+: not a pointer" abort:1 */
    /* expect: exit 0 "" */

that is: the signal or the exit status, a regular expression that stderr must contain ("" is: nothing on
stderr), and, optionally, EPMALLOC_CONF.  Arguments: the source, the program.
"""
import os
import re
import signal
import subprocess
import sys

EXPECT = re.compile(r'/\* expect: (?:(SIG\w+)|exit (\d+)) "(.*)"(?: (\S+))? \*/')
STACKS = re.compile(r"/\* stacks: (\S+) (\S+) (\S+) \*/")
PARTS = ("allocated by thread", "freed by thread", "found in thread")


def functions_of(part, message):
    """The functions of the stack below the line that begins with `part`."""
    names = []
    begin = re.search(f"^epmalloc: {part}.*$", message, re.M)
    for frame in message[begin.end():].split("\n")[1:5] if begin else []:
        place = re.fullmatch(r"epmalloc:   (/.*)\+(0x[0-9a-f]+)", frame)
        if place is None:
            break
        names += subprocess.run(["addr2line", "-f", "-e", *place.groups()], capture_output=True, text=True).stdout.split("\n")
    return names


def check_stacks(wanted, message):
    for part, function in zip(PARTS, wanted):
        if function != "-" and function not in functions_of(part, message):
            sys.exit(f"`{part}` has no {function} in its stack")


def main():
    source, program = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        match = EXPECT.match(file.readline())
        stacks = STACKS.match(file.readline())
    if not match:
        sys.exit(f"{source}:1: no `expect:` line")
    name, code, message, options = match.groups()
    status = -signal.Signals[name] if name else int(code)
    environment = {**os.environ, "EPMALLOC_CONF": options or ""}
    run = subprocess.run([program], stderr=subprocess.PIPE, text=True, env=environment, timeout=120)
    print(run.stderr, end="")
    if run.returncode != status:
        sys.exit(f"ended with {run.returncode}, not {status}")
    if re.search(message, run.stderr) is None or (not message and run.stderr):
        sys.exit(f"stderr is not `{message}`")
    if stacks:
        check_stacks(stacks.groups(), run.stderr)


main()
