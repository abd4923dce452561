#!/usr/bin/env python3
"""CPython's own tests on epmalloc, or without it: what libpython3.11-testsuite (Debian) has of them.

    tests/python/cpython.py --build build                           the ten that touch the allocator most
    tests/python/cpython.py --build build --how preload test_json   one of them, with libepmalloc preloaded

--how: start, as python3 -m epmalloc does; package, by PYTHONEPMALLOC in a virtual environment; preload, with
PYTHONMALLOC=malloc; none, to see what fails without epmalloc. Tests that are not installed are named and left out."""
import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile

TESTS = ("test_capi", "test_gc", "test_tracemalloc", "test_threading", "test_multiprocessing_fork", "test_dict",
         "test_list", "test_json", "test_re", "test_sqlite3")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--build", required=True, help="the build folder")
    parser.add_argument("--how", choices=("start", "package", "preload", "none"), default="package")
    parser.add_argument("tests", nargs="*", default=TESTS)
    return parser.parse_args()


def installed(tests):
    found = [test for test in tests if importlib.util.find_spec("test") and importlib.util.find_spec(f"test.{test}")]
    for test in tests:
        if test not in found:
            print(f"not installed: {test}", flush=True)
    return found


def make_environment(folder, build):
    """A virtual environment with the built package; its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    packages = os.path.join(folder, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")
    made = os.path.join(build, "python")
    shutil.copytree(os.path.join(made, "epmalloc"), os.path.join(packages, "epmalloc"),
                    ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(os.path.join(made, "epmalloc.pth"), packages)
    return os.path.join(folder, "bin", "python3")


def main():
    arguments = parse_arguments()
    build = os.path.abspath(arguments.build)
    variables = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    tests = installed(arguments.tests)
    if not tests:
        sys.exit("no test is installed: libpython3.11-testsuite has them")
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable]
        if arguments.how == "package":
            variables["PYTHONEPMALLOC"] = "1"
            words = [make_environment(os.path.join(folder, "venv"), build)]
        elif arguments.how == "start":
            words = [make_environment(os.path.join(folder, "venv"), build), "-m", "epmalloc"]
        elif arguments.how == "preload":
            variables.update(PYTHONMALLOC="malloc", LD_PRELOAD=os.path.join(build, "libepmalloc.so.0"))
        done = subprocess.run([*words, "-m", "test", *tests], env=variables, cwd=folder)
    return done.returncode


sys.exit(main())
