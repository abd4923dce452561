#!/usr/bin/env python3
"""python3 -m epmalloc: programs started on epmalloc, and heaps looked at on both allocators."""
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

from interpreter import BUILD, SnippetTest, run

MAP = """
    from epmalloc import snapshot
    import gc, sys
    allocator = sys.argv[1]

    def states(addresses):
        # Whether a block in use starts at each.
        heap = snapshot.take(allocator)
        starts = {pool.first_block + n * pool.block_bytes for pool in heap.pools for n in pool.live()}
        for pool in heap.pools:
            assert sum(1 for n in pool.live()) == pool.in_use <= pool.blocks, pool
            assert any(start <= pool.start < start + size for start, size in heap.arenas) or pool.arena == 0, pool
        pages = snapshot.live_pages(heap) * snapshot.PAGE_BYTES
        size = sum(pool.in_use * pool.block_bytes for pool in heap.pools)
        assert size <= pages * 1.01 and pages <= 64 << 20, (size, pages)
        return [address in starts for address in addresses]

    head = 16  # the collector's, before each object
    things = [[i] for i in range(5000)]
    addresses = [id(thing) - head for thing in things]
    assert all(states(addresses))
    del things[1::2]
    gc.collect()
    after = states(addresses)
    assert all(after[::2]), after.count(True)
    assert after[1::2].count(True) < 100, after[1::2].count(True)
    texts = [bytes(400) for i in range(1000)]
    assert all(states([id(text) for text in texts]))
    """


def start(what, snippet, *arguments):
    """A snippet in an interpreter that was started as `python3 -m epmalloc` starts them."""
    sys.path.insert(0, os.path.join(BUILD, "python"))
    from epmalloc import starting
    return run(snippet, *arguments, environment={key: value for key, value in starting.environment(what).items()
                                                 if key in ("LD_PRELOAD", "EPMALLOC_PYTHON_START")})


def run_module(*arguments, **variables):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    clean.update(PYTHONPATH=os.path.join(BUILD, "python"), **variables)
    return subprocess.run([sys.executable, "-m", "epmalloc", *arguments], env=clean, text=True, capture_output=True,
                          timeout=300)


class Start(SnippetTest):
    def ends_well(self, done, expected=""):
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stderr)
        self.assertEqual(done.stdout.strip(), expected)

    def test_everything_is_on_epmalloc_before_the_first_object(self):
        program = ("import epmalloc, os, sys\n"
                   "print(epmalloc.installed(), epmalloc.owns(id(sys) - 16), epmalloc.owns(id(os.path) - 16))\n"
                   "print(sys.argv, os.environ.get('LD_PRELOAD'), 'EPMALLOC_PYTHON_START' in os.environ)\n"
                   "epmalloc.install()\n")
        expected = "['raw', 'mem', 'obj'] True True\n['-c', 'a', 'b'] {} False"
        self.ends_well(run_module("-c", program, "a", "b"), expected.format(None))
        library = os.path.join(BUILD, "libepmalloc.so")
        self.ends_well(run_module("-c", program, "a", "b", LD_PRELOAD=library), expected.format(library))

    def test_debug_hooks_stand_on_epmalloc(self):
        program = "import epmalloc; text = ''.join(['nobody has ', 'this']); print(*epmalloc.installed())"
        self.ends_well(run_module("-c", program, PYTHONMALLOC="debug"), "raw mem obj")

    def test_without_a_program_it_says_how_it_is_used(self):
        done = run_module()
        self.assertEqual((done.returncode, done.stdout[:4]), (2, "Runs"))


class Maps(SnippetTest):
    def test_pymallocs_pools_show_which_blocks_are_in_use(self):
        done = start("inspect", MAP, "pymalloc")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""), done.stderr)

    def test_epmallocs_pools_show_which_blocks_are_in_use(self):
        done = start("install", MAP, "epmalloc")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""), done.stderr)

    def test_an_object_of_the_other_allocator_is_in_no_map(self):
        done = start("inspect", MAP, "epmalloc")
        self.assertIn("AssertionError", done.stderr)

    def test_without_the_start_nobody_knows_pymallocs_arenas(self):
        self.says("""
            from epmalloc import snapshot
            try:
                snapshot.take("pymalloc")
            except RuntimeError as error:
                print(error)""", "nobody noted pymalloc's arenas: start by python3 -m epmalloc inspect")

    def test_arenas_that_go_back_are_no_longer_shown(self):
        self.assertEqual(start("inspect", """
            from epmalloc import snapshot
            before = len(snapshot.take("pymalloc").arenas)
            things = [[i] for i in range(200000)]
            full = len(snapshot.take("pymalloc").arenas)
            del things
            after = len(snapshot.take("pymalloc").arenas)
            print(full > before + 10, after < before + 6)""").stdout, "True True\n")


class Inspect(unittest.TestCase):
    def test_both_heaps_beside_each_other(self):
        with tempfile.TemporaryDirectory() as folder:
            script, page, picture = (os.path.join(folder, name) for name in ("script.py", "page.html", "map.svg"))
            with open(script, "w", encoding="utf-8") as file:
                file.write("import sys\nkept = [bytes(400) for i in range(int(sys.argv[1]))]\n")
            done = run_module("inspect", "--html", page, "--svg", picture, script, "3000")
            self.assertEqual((done.returncode, done.stderr), (0, ""), done.stderr)
            rows = [line.split() for line in done.stdout.splitlines() if line.split()[:1] == ["448"]]
            self.assertEqual(len(rows), 2)
            for row in rows:
                self.assertGreaterEqual(int(row[2]), 3000)
            self.assertLess(int(rows[1][1]), int(rows[0][1]))  # pools are bigger on epmalloc
            drawn = xml.etree.ElementTree.parse(picture).getroot()
            self.assertGreater(sum(path.get("d").count("M") for path in drawn.findall(".//{*}path")), 150)
            with open(page, encoding="utf-8") as file:
                text = file.read()
            self.assertIn("pages with a block in use", text)
            self.assertGreater(text.count("blocks of 448 bytes in use</title>"), 50)

    def test_a_program_that_fails_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            script = os.path.join(folder, "script.py")
            with open(script, "w", encoding="utf-8") as file:
                file.write("raise SystemExit(3)\n")
            done = run_module("inspect", script)
            self.assertEqual((done.returncode, done.stderr), (1, f"epmalloc: {script} ended with 3\n"))
        done = run_module("inspect", "no_such_file.py")
        self.assertEqual((done.returncode, done.stderr), (2, "epmalloc: there is no no_such_file.py\n"))


if __name__ == "__main__":
    unittest.main()
