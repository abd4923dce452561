#!/usr/bin/env python3
"""Installs the Python package from a copy of the source tree into a new virtual environment, without a network, and
uses it: by PYTHONEPMALLOC, and in a process that has no static thread-local storage left.
Arguments: the source tree, the interpreter."""
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap

USED_UP = """
    import ctypes, sys
    fillers, plugin = sys.argv[1:-1], sys.argv[-1]
    for filler in fillers:
        try:
            ctypes.CDLL(filler)
        except OSError:
            pass
    try:
        ctypes.CDLL(plugin)
        sys.exit("there is static thread-local storage left")
    except OSError as error:
        assert "static TLS" in str(error), error
    import epmalloc
    epmalloc.install()
    kept = [[i] for i in range(10000)]
    assert epmalloc.owns(id(kept[-1]) - 16) and not epmalloc.is_preloaded()
"""


class Environment:
    def __init__(self, tree, python, scratch):
        self.tree, self.scratch = tree, scratch
        self.variables = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        self.variables.update(PIP_NO_INDEX="1", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_CACHE_DIR="1")
        self.run(python, "-m", "venv", self.path("venv"))
        self.python = self.path("venv", "bin", "python3")

    def path(self, *names):
        return os.path.join(self.scratch, *names)

    def run(self, *command, says=None, **changes):
        print("+", *command, flush=True)
        done = subprocess.run(command, env={**self.variables, **changes}, cwd=self.scratch, text=True,
                              stdout=subprocess.PIPE if says is not None else None)
        if done.returncode != 0:
            sys.exit(f"ended with {done.returncode}")
        if says is not None and done.stdout.strip() != says:
            sys.exit(f"said {done.stdout!r} instead of {says!r}")


def install(environment):
    tree = environment.path("tree")
    os.mkdir(tree)
    shutil.copy(os.path.join(environment.tree, "CMakeLists.txt"), tree)
    for folder in ("lib", "include"):
        shutil.copytree(os.path.join(environment.tree, folder), os.path.join(tree, folder),
                        ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    environment.run(environment.python, "-m", "pip", "install", "--quiet", "--no-build-isolation",
                    os.path.join(tree, "lib", "adapters", "python"))
    shutil.rmtree(tree)


def check_variable(environment):
    show = "import sys; there = sys.modules.get('epmalloc'); print(*(there.installed() if there else ['not there']))"
    for value, expected in ("1", "raw mem obj"), ("obj,raw", "raw obj"), ("0", "not there"), ("", "not there"):
        environment.run(environment.python, "-c", show, says=expected, PYTHONEPMALLOC=value)
    environment.run(environment.python, "-c", show, says="not there")
    environment.run(environment.python, "-E", "-c", show, says="", PYTHONEPMALLOC="1")
    show = "import epmalloc, tracemalloc as t; print(*epmalloc.installed(), t.is_tracing(), t.get_traceback_limit())"
    environment.run(environment.python, "-c", show, says="raw mem obj True 7", PYTHONEPMALLOC="1",
                    PYTHONTRACEMALLOC="7")


def check_without_static_storage(environment):
    """Fillers of falling size leave no room for the smallest thread-local variable."""
    folder = os.path.join(environment.tree, "tests", "package", "plugin")
    fillers = []
    for number, size in enumerate([4096] * 4 + [1024] * 4 + [256] * 8 + [64] * 16 + [16] * 16 + [16]):
        fillers.append(environment.path(f"filler{number}.so"))
        environment.run("cc", "-shared", "-fPIC", f"-DBYTES={size}", os.path.join(folder, "filler.c"), "-o",
                        fillers[-1])
    environment.run(environment.python, "-c", textwrap.dedent(USED_UP), *fillers)


def main():
    tree, python = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        environment = Environment(os.path.abspath(tree), python, scratch)
        install(environment)
        check_variable(environment)
        check_without_static_storage(environment)


main()
