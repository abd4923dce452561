#!/usr/bin/env python3
"""epmalloc trace, and maps of recordings, on programs that run on libepmalloc.so.  Arguments: the library, the command."""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

LIBRARY, COMMAND = sys.argv[1:3]
PROGRAM = """
blocks = [bytes(i * 37 % 3000) for i in range(40000)] + [bytes(100000), bytes(5000000)]
print("ready", flush=True)
kept = blocks[::20]
input()
del blocks
kept += [bytes(700) for i in range(20000)]
print("done", flush=True)
input()
"""


def run(*words, text=""):
    return subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, timeout=120, input=text,
                          env={**os.environ, "PYTHONMALLOC": "malloc"})


def command(*words, text="\n\n"):
    return run(COMMAND, *words, text=text)


class Trace(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.recording = os.path.join(cls.folder.name, "one.trace")
        cls.recorded = command("trace", "record", "-o", cls.recording, "--library", LIBRARY, "--", sys.executable, "-c",
                               PROGRAM)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def test_the_program_does_what_it_does_and_the_recording_is_exact(self):
        self.assertEqual((self.recorded.returncode, self.recorded.stdout), (0, "ready\ndone\n"), self.recorded.stderr)
        self.assertEqual(os.stat(self.recording).st_mode & 0o777, 0o600)
        replayed = command("trace", "replay", "--json", self.recording)
        result = json.loads(replayed.stdout)
        self.assertEqual((replayed.returncode, result["exact"], result["problems"]), (0, True, []))
        self.assertGreater(result["compared"]["pools and runs"], 100)
        self.assertIn("exact: every event follows", command("trace", "replay", self.recording).stdout)

    def test_a_part_is_a_recording_that_is_not_exact(self):
        part = self.path("part.trace")
        self.assertEqual(command("trace", "filter", self.recording, "--kind", "pool_acquired", "huge_freed", "-o",
                                 part).returncode, 0)
        summary = command("trace", "summarise", part).stdout
        self.assertEqual(set(re.findall(r"^(\w+_\w+) ", summary, re.M)), {"pool_acquired", "huge_freed"})
        replayed = command("trace", "replay", part)
        self.assertEqual(replayed.returncode, 1)
        self.assertIn("is missing", replayed.stdout)

    def test_lines_of_events(self):
        lines = command("trace", "filter", self.recording, "--kind", "arena_created").stdout.splitlines()
        arena = re.search(r"0x[0-9a-f]+", lines[0])[0]
        self.assertEqual(command("trace", "filter", self.recording, "--kind", "arena_created", "--arena", arena).stdout,
                         lines[0] + "\n")
        later = command("trace", "filter", self.recording, "--kind", "arena_created", "--from", "1000").stdout
        self.assertEqual(later, "")

    def test_a_map_with_a_slider(self):
        page = self.path("page.html")
        self.assertEqual(command("map", self.recording, "--frames", "5", "-o", page).returncode, 0)
        with open(page, encoding="utf-8") as file:
            self.assertEqual(file.read().count('class="frame"'), 5)
        maps = command("map", self.recording, "--frames", "7", "--format", "json").stdout.splitlines()
        used = [sum(64 - arena["free_mask"].bit_count() for arena in json.loads(one)["arenas"]) for one in maps]
        self.assertEqual(len(used), 7)
        self.assertGreater(used[-1], 0)
        self.assertGreater(max(used), used[0])

    def test_a_running_process_is_recorded(self):
        path = self.path("pid.trace")
        environment = {**os.environ, "PYTHONMALLOC": "malloc"}
        words = [sys.executable, COMMAND, "run", "--library", LIBRARY, "--conf", f"endpoint:{self.folder.name}",
                 sys.executable, "-c", PROGRAM]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as process:
            self.assertEqual(process.stdout.readline(), "ready\n")
            begun = command("trace", "record", "--pid", process.pid, "--seconds", "0", "-o", path)
            self.assertEqual((begun.returncode, begun.stderr), (0, ""))
            process.communicate("\n\n")
        replayed = json.loads(command("trace", "replay", "--json", path).stdout)
        self.assertEqual(replayed["problems"], [])
        self.assertGreater(replayed["compared"]["arenas"], 0)

    def test_what_is_wrong_is_one_line(self):
        for words in (("trace", "replay", COMMAND), ("trace", "summarise", "/nowhere/at/all"),
                      ("trace", "record", "-o", "a,b", "--library", LIBRARY, "--", "true"),
                      ("trace", "record", "--library", LIBRARY), ("map", os.path.dirname(COMMAND)),
                      ("trace", "record", "--library", LIBRARY, "--", "/nowhere/at/all")):
            with self.subTest(words=words):
                failed = command(*words)
                self.assertNotEqual(failed.returncode, 0)
                self.assertEqual(failed.stderr.count("\n"), 1, failed.stderr)

    def test_a_killed_program_leaves_what_it_has_written(self):
        path = self.path("killed.trace")
        killed = command("trace", "record", "-o", path, "--library", LIBRARY, "--", sys.executable, "-c",
                         "x = [bytes(3000) for i in range(200000)]; import os; os.kill(os.getpid(), 9)")
        self.assertEqual(killed.returncode, 128 + 9)
        replayed = command("trace", "replay", path)
        self.assertEqual(replayed.returncode, 1)
        self.assertIn("no states at the end", replayed.stdout)


unittest.main(argv=sys.argv[:1])
