"""Builds and installs the package epmalloc: `pip install --no-build-isolation .` in this folder of the source tree.

Needs no network: CMake, make or Ninja, a C and a C++ compiler, Python's headers and Concurrency Kit (Debian: python3-dev, libck-dev) are
what the extension and the library beside it are made with."""
import os
import shutil
import subprocess
import sys

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))


class BuildByCMake(build_py):
    """The whole package as CMake makes it, and epmalloc.pth beside it."""

    def run(self):
        build = os.path.abspath(os.path.join(self.get_finalized_command("build").build_temp, "cmake"))
        generator = [] if shutil.which("make") or "CMAKE_GENERATOR" in os.environ else ["-G", "Ninja"]
        subprocess.run(["cmake", "-S", TREE, "-B", build, *generator, f"-DEPMALLOC_PYTHON={sys.executable}",
                        "-DEPMALLOC_TESTS=OFF", "-DEPMALLOC_STRESS=OFF", "-DCMAKE_BUILD_TYPE=Release"], check=True)
        subprocess.run(["cmake", "--build", build, "--parallel", "--target", "epmalloc_python"], check=True)
        self.made = os.path.join(build, "python")
        for path in self.get_outputs():
            made = os.path.join(self.made, os.path.relpath(path, self.build_lib))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            shutil.copyfile(made, path)

    def get_outputs(self, include_bytecode=True):
        found = []
        for folder, below, names in os.walk(self.made):
            below[:] = [name for name in below if name != "__pycache__"]
            found += [os.path.join(self.build_lib, os.path.relpath(folder, self.made), name) for name in names]
        return [os.path.normpath(path) for path in found]


class BinaryDistribution(Distribution):
    """Has a module in C, though setuptools does not build it."""

    def has_ext_modules(self):
        return True


setup(name="epmalloc", version="0.1.0", description="CPython on epmalloc, a lock-free memory allocator",
      license="MIT", python_requires=">=3.11", packages=["epmalloc"], zip_safe=False,
      distclass=BinaryDistribution, cmdclass={"build_py": BuildByCMake})
