"""Runs snippets in fresh interpreters that have the package: what a test of the allocator of a process needs."""
import os
import subprocess
import sys
import textwrap
import unittest

BUILD = os.environ["EPMALLOC_BUILD"]  # the build folder
PRELOAD = os.path.join(BUILD, "libepmalloc.so.0")


def run(snippet, *arguments, environment=None, options=()):
    """The finished process, output as text."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    clean.update(PYTHONPATH=os.path.join(BUILD, "python"), **(environment or {}))
    return subprocess.run([sys.executable, *options, "-c", textwrap.dedent(snippet), *arguments], env=clean, text=True,
                          capture_output=True, timeout=300)


class SnippetTest(unittest.TestCase):
    def says(self, snippet, expected, **others):
        """The snippet ends well, says this on stdout, and nothing on stderr."""
        done = run(snippet, **others)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stderr)
        self.assertEqual(done.stdout.strip(), expected)

    def holds(self, snippet, **others):
        """The snippet's assertions hold."""
        self.says(snippet, "", **others)
