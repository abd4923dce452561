"""What epmalloc.pth runs when an interpreter starts: installs epmalloc if the environment variable PYTHONEPMALLOC says
so. Its value is 1 for all domains, or their names: PYTHONEPMALLOC=mem,obj. Interpreters that ignore the environment
(-E, -I) ignore it too."""
import _tracemalloc
import os
import sys


def install_as_told():
    """Called at every start of an interpreter whose environment has the variable, if it is not 0 or empty."""
    value = os.environ["PYTHONEPMALLOC"]
    if sys.flags.ignore_environment:
        return
    import epmalloc
    domains = epmalloc.DOMAINS if value == "1" else tuple(value.split(","))
    try:
        install_beneath_tracing(epmalloc.install, domains)
    except ValueError as error:
        print(f"PYTHONEPMALLOC={value}: {error}", file=sys.stderr)


def install_beneath_tracing(install, domains):
    """Tracing that the interpreter has begun by itself (PYTHONTRACEMALLOC) begins anew on epmalloc: what it has
    traced of the start is forgotten."""
    if not _tracemalloc.is_tracing():
        install(domains)
        return
    frames = _tracemalloc.get_traceback_limit()
    _tracemalloc.stop()
    try:
        install(domains)
    finally:
        _tracemalloc.start(frames)
