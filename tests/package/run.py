#!/usr/bin/env python3
"""Installs a build into an empty folder and is its user: by find_package and by pkg-config, with the
shared and the static library, preloaded, and from a module that is loaded when static TLS is used up.
Arguments: the build folder, the CMake generator that made it."""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


class Package:
    def __init__(self, build, generator, scratch):
        self.generator, self.scratch = generator, scratch
        self.prefix = os.path.join(scratch, "prefix")
        self.run("cmake", "--install", build, "--prefix", self.prefix)
        found = [where for where, _, names in os.walk(self.prefix) if "epmalloc.pc" in names]
        self.libraries = os.path.dirname(found[0])
        self.environment = {**os.environ, "PKG_CONFIG_PATH": found[0]}

    def run(self, *command, output=False, **changes):
        print("+", *command, flush=True)
        environment = {**getattr(self, "environment", os.environ), **changes}
        run = subprocess.run(command, check=True, env=environment, text=True,
                             stdout=subprocess.PIPE if output else None)
        return run.stdout

    def path(self, name):
        return os.path.join(self.scratch, name)

    def config(self, *arguments):
        return self.run("pkg-config", *arguments, output=True).split()


def check_no_library_needed(package, program):
    needs = package.run("readelf", "--dynamic", program, output=True)
    if "libepmalloc" in needs:
        sys.exit(f"{program} is linked statically and needs libepmalloc.so")


def check_find_package(package):
    build = package.path("consumer")
    package.run("cmake", "-S", os.path.join(HERE, "consumer"), "-B", build, "-G", package.generator,
                f"-DCMAKE_PREFIX_PATH={package.prefix}")
    package.run("cmake", "--build", build)
    for program in ("shared", "static", "shared_cxx", "static_cxx"):
        package.run(os.path.join(build, program))
    check_no_library_needed(package, os.path.join(build, "static"))


def check_pkg_config(package):
    source = os.path.join(HERE, "consumer", "consumer.c")
    shared, static = package.path("pc_shared"), package.path("pc_static")
    package.run("cc", source, "-o", shared, *package.config("--cflags", "--libs", "epmalloc"))
    package.run(shared, LD_LIBRARY_PATH=package.libraries)
    package.run("cc", "-static", source, "-o", static, *package.config("--static", "--cflags", "--libs", "epmalloc"))
    package.run(static)
    source = os.path.join(HERE, "consumer", "consumer.cpp")
    package.run("c++", "-static", source, "-o", static, *package.config("--static", "--cflags", "--libs", "epmalloc"))
    package.run(static)


def check_urcu(package):
    """libepmalloc-urcu: by both ways, under two flavours; it is not linked with liburcu, and offers its own names only."""
    library = os.path.join(package.libraries, "libepmalloc-urcu.so")
    if not os.path.exists(library):
        print("libepmalloc-urcu was not built: there is no liburcu")
        return
    offered = package.run("nm", "--dynamic", "--defined-only", "--format=posix", library, output=True)
    names = {line.split()[0] for line in offered.splitlines()}
    wanted = {f"ep_{verb}_flavor" for verb in ("free_rcu", "defer_rcu", "rcu_poll", "rcu_barrier")}
    needs = package.run("readelf", "--dynamic", library, output=True)
    if names != wanted or "liburcu" in needs:
        sys.exit(f"libepmalloc-urcu.so offers {sorted(names)} or needs liburcu")
    build = package.path("urcu")
    package.run("cmake", "-S", os.path.join(HERE, "urcu"), "-B", build, "-G", package.generator,
                f"-DCMAKE_PREFIX_PATH={package.prefix}")
    package.run("cmake", "--build", build)
    for program in ("urcu", "urcu_static"):
        package.run(os.path.join(build, program))
    program = package.path("pc_urcu")
    package.run("cc", "-DHEADER_OF_FLAVOR=<urcu-bp.h>", os.path.join(HERE, "urcu", "consumer.c"), "-o", program,
                *package.config("--cflags", "--libs", "epmalloc-urcu", "liburcu-bp"))
    package.run(program, LD_LIBRARY_PATH=package.libraries)


def check_preload(package):
    library = os.path.join(package.libraries, "libepmalloc.so")
    said = package.run("cat", "/proc/self/maps", output=True, LD_PRELOAD=library)
    if "libepmalloc.so" not in said:
        sys.exit("the preloaded library is not there")


ASKING = """
import os, subprocess, sys, time
while not os.listdir(sys.argv[2]):
    time.sleep(0.01)
sys.exit(subprocess.run([sys.argv[1], "stats", str(os.getpid())]).returncode)
"""


def check_command(package):
    """The installed command finds its modules and its library, and asks what it has started."""
    command = os.path.join(package.prefix, "bin", "epmalloc")
    folder = package.path("endpoint")
    os.mkdir(folder)
    said = package.run(command, "run", "--conf", f"endpoint:{folder}", sys.executable, "-c", ASKING, command, folder,
                       output=True)
    if "allocated_bytes" not in said:
        sys.exit(f"the installed command said: {said}")


def check_module(package):
    """Fillers of falling size leave no room for the smallest thread-local variable."""
    folder = os.path.join(HERE, "plugin")
    fillers = []
    for number, size in enumerate([4096] * 4 + [1024] * 4 + [256] * 8 + [64] * 16 + [16] * 16):
        fillers.append(package.path(f"filler{number}.so"))
        package.run("cc", "-shared", "-fPIC", f"-DBYTES={size}", os.path.join(folder, "filler.c"), "-o", fillers[-1])
    modules = []
    for name in ("epmalloc-dlopen", "epmalloc"):
        modules.append(package.path(f"plugin-{name}.so"))
        package.run("cc", "-shared", "-fPIC", os.path.join(folder, "plugin.c"), "-o", modules[-1],
                    *package.config("--cflags", "--libs", name))
    host = package.path("host")
    package.run("cc", os.path.join(folder, "host.c"), "-o", host)
    package.run(host, *modules, *fillers, LD_LIBRARY_PATH=package.libraries)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        package = Package(os.path.abspath(sys.argv[1]), sys.argv[2], scratch)
        check_find_package(package)
        check_pkg_config(package)
        check_urcu(package)
        check_preload(package)
        check_command(package)
        check_module(package)


main()
