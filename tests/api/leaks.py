#!/usr/bin/env python3
"""The leak report agrees with LeakSanitizer on small programs (leak_programs.c): as many blocks, and call sites of all.

Arguments: the programs with epmalloc, the same with LeakSanitizer."""
import os
import re
import subprocess
import sys

# A block may be kept by a word that something else has left on the stack.
STRAY = 1


def run(program, number, **environment):
    done = subprocess.run([program, str(number)], capture_output=True, text=True, check=False,
                          env={**os.environ, **environment})
    return done.returncode, done.stderr


def count_of_sanitizer(program, number):
    code, text = run(program, number, LSAN_OPTIONS="exitcode=23")
    if code == 3:
        return None
    if "fatal error" in text:
        print("LeakSanitizer does not work here:", text.split("\n")[0])
        sys.exit(0)
    summary = re.search(r"SUMMARY: LeakSanitizer: \d+ byte\(s\) leaked in (\d+) allocation", text)
    return int(summary[1]) if summary else 0


def check(mine, number, conf):
    wanted = count_of_sanitizer(sys.argv[2], number)
    code, text = run(mine, number, EPMALLOC_CONF=f"leaks:1,leak_exit_code:24,{conf}")
    sums = re.search(r"leak report: [\d,]+ bytes in ([\d,]+) blocks? leaked, .* ([\d,]+) blocks? uncertain", text)
    got = int(sums[1].replace(",", "")) if sums else -1
    sites = sum(int(n) for n in re.findall(r", seen (\d+), still", text))
    if not wanted - STRAY <= got <= wanted or sites != got or (code == 24) != (got != 0):
        sys.exit(f"program {number}, {conf}: LeakSanitizer finds {wanted} blocks, epmalloc {got}, by call site {sites}, "
                 f"exit code {code}\n{text}")
    return wanted


def main():
    programs = found = 0
    while count_of_sanitizer(sys.argv[2], programs) is not None:
        for conf in CONFS:
            found += check(sys.argv[1], programs, conf) != 0
        programs += 1
    if programs < 10 or found < 8:
        sys.exit(f"only {programs} programs, {found} of them with leaks")
    print(f"{programs} programs, {found} reports of leaks agree")


# Every block sampled; every block tracked.
CONFS = ["profile:on,sample:1", "check:2"]
main()
