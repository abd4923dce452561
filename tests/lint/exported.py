#!/usr/bin/env python3
"""A built library offers the public names and nothing else, and needs the C library and nothing else.

Arguments: the library's file, then any of
  dlopen     it uses no static TLS
  static     it is an archive: what is looked at are the global names of its objects
"""
import re
import subprocess

import source

PUBLIC = "tests/lint/public_names.txt"
ALLOWED_NEEDS = re.compile(r"libc\.so\.6|ld-linux-[\w-]+\.so\.\d+")
# What the compiler's static support library leaves open.
ALLOWED_OPEN = re.compile(r"_GLOBAL_OFFSET_TABLE_|_DYNAMIC|__tls_get_addr|_ITM_\w+|__cxa_finalize|__gmon_start__")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def public_names(lint):
    return {line.strip() for line in lint.read(PUBLIC).split("\n") if line.strip() and not line.startswith("#")}


def check_names(lint, file, flags):
    listed = output("nm", "--defined-only", "--extern-only", "--format=posix", *flags, file)
    offered = {line.split()[0] for line in listed.split("\n") if len(line.split()) > 2}
    public = public_names(lint)
    for name in sorted(offered - public):
        lint.complain(file, 0, f"offers {name}, which is not in {PUBLIC}")
    for name in sorted(public - offered):
        lint.complain(file, 0, f"does not offer {name}")


def check_needs(lint, file, arguments):
    dynamic = output("readelf", "--wide", "--dynamic", file)
    needs = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    for need in needs:
        if not ALLOWED_NEEDS.fullmatch(need):
            lint.complain(file, 0, f"needs {need}")
    if "libc.so.6" not in needs:
        lint.complain(file, 0, "does not need libc.so.6")
    if not re.search(r"\(SONAME\).*\[libepmalloc[\w-]*\.so\.\d+\]", dynamic):
        lint.complain(file, 0, "has no soname libepmalloc*.so.<number>")
    if "dlopen" in arguments and re.search(r"\(FLAGS\).*STATIC_TLS", dynamic):
        lint.complain(file, 0, "uses static TLS")
    if "NODELETE" not in dynamic:
        lint.complain(file, 0, "can be unloaded while threads that used it live")


def check_open(lint, file):
    """Every undefined name is the C library's, or weak."""
    for line in output("nm", "--dynamic", "--undefined-only", "--with-symbol-versions", file).split("\n"):
        parts = line.split()
        if len(parts) == 2 and parts[0] == "U" and "@GLIBC_" not in parts[1] and not ALLOWED_OPEN.fullmatch(parts[1]):
            lint.complain(file, 0, f"leaves {parts[1]} open, not weakly")


def main():
    lint = source.Lint(__doc__)
    file, *arguments = lint.arguments
    if "static" in arguments:
        check_names(lint, file, [])
    else:
        check_names(lint, file, ["--dynamic"])
        check_needs(lint, file, arguments)
        check_open(lint, file)
    lint.end()


main()
