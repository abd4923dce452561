#!/usr/bin/env python3
"""epmalloc.install(): whose block is whose, before and after."""
import unittest

from interpreter import PRELOAD, SnippetTest, run

EVERY_ALLOCATOR = ("pymalloc", "malloc", "debug", "pymalloc_debug", "malloc_debug")

HAND_OVER = """
    import sys, gc
    old = [bytearray(b"%d" % i * (1 + i % 300)) for i in range(3000)]
    words = {str(i): i for i in range(2000)}
    lists = [list(range(i % 40)) for i in range(2000)]
    import epmalloc
    epmalloc.install()
    for i, b in enumerate(old):
        b.extend(b"x" * (i % 700))
        del b[: i % 5]
    for i, l in enumerate(lists):
        l.extend(range(i % 90))
    new = [bytearray(b"%d" % i * (1 + i % 300)) for i in range(3000)]
    words.update((str(i), i) for i in range(1000, 9000))
    assert all(l == list(range(i % 40)) + list(range(i % 90)) for i, l in enumerate(lists))
    for i, b in enumerate(old):
        assert b == (b"%d" % i * (1 + i % 300) + b"x" * (i % 700))[i % 5:]
    assert all(words[str(i)] == i for i in range(9000))
    del old, new, words, lists
    gc.collect()
    assert epmalloc.installed() == ["raw", "mem", "obj"]
"""

FUNCTIONS = """
    import ctypes, epmalloc
    epmalloc.install()
    api = ctypes.pythonapi
    for family in ("PyMem_Raw", "PyMem_", "PyObject_"):
        malloc, calloc, realloc, free = (getattr(api, family + name)
                                         for name in ("Malloc", "Calloc", "Realloc", "Free"))
        malloc.restype = calloc.restype = realloc.restype = ctypes.c_void_p
        malloc.argtypes = [ctypes.c_size_t]
        calloc.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
        realloc.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        free.argtypes = [ctypes.c_void_p]
        """


class Install(SnippetTest):
    def test_blocks_of_before_go_back_where_they_came_from_also_after_they_have_grown(self):
        for allocator in EVERY_ALLOCATOR:
            with self.subTest(allocator):
                self.holds(HAND_OVER, environment={"PYTHONMALLOC": allocator})

    def test_the_same_beside_a_preloaded_epmalloc(self):
        for allocator in EVERY_ALLOCATOR:
            with self.subTest(allocator):
                self.holds(HAND_OVER, environment={"PYTHONMALLOC": allocator, "LD_PRELOAD": PRELOAD})

    def test_new_blocks_are_epmallocs_in_every_domain_and_size(self):
        self.holds(FUNCTIONS + """
        for size in (0, 1, 16, 512, 513, 32768, 100000, 3000000):
            one, other = malloc(size), calloc(3, size)
            assert epmalloc.owns(one) and epmalloc.owns(other) and one != other
            assert ctypes.string_at(other, 3 * size) == bytes(3 * size)
            one = realloc(one, 2 * size)
            assert epmalloc.owns(one)
            one = realloc(one, 0)
            assert one is not None and epmalloc.owns(one)
            free(one), free(other), free(None)
        """)

    def test_a_domain_that_was_not_asked_for_stays(self):
        self.says("""
            import epmalloc
            epmalloc.install("raw")
            text = "".join(["nobody has ", "this text yet"])
            print(epmalloc.installed(), epmalloc.owns(id(text)))
            epmalloc.install(["obj"])
            text = "".join(["nor ", "that one"])
            print(epmalloc.installed(), epmalloc.owns(id(text)))""",
                  "['raw'] False\n['raw', 'obj'] True")

    def test_a_domain_that_is_none_is_named(self):
        self.says("""
            import epmalloc
            try:
                epmalloc.install(("raw", "object"))
            except ValueError as error:
                print(error, epmalloc.installed())""", "domain 'object' is none of raw, mem, obj []")

    def test_a_free_threaded_build_keeps_its_own_for_objects(self):
        self.says("""
            import sys
            sys.abiflags = "t"
            import epmalloc
            try:
                epmalloc.install()
            except RuntimeError as error:
                print(error, epmalloc.installed())
            epmalloc.install(("raw",))
            print(epmalloc.installed())""",
                  "a free-threaded build needs its own allocator for 'mem' and 'obj': install(('raw',)) []\n['raw']")

    def test_the_processs_own_library_is_used(self):
        snippet = """
            import epmalloc
            print(epmalloc.is_preloaded(), "libepmalloc-dlopen" in open("/proc/self/maps").read())"""
        self.says(snippet, "False True")
        self.says(snippet, "True False", environment={"LD_PRELOAD": PRELOAD})

    def test_a_child_goes_on(self):
        self.holds("""
            import epmalloc, os
            epmalloc.install()
            old = [str(i) for i in range(10000)]
            for i in range(5):
                child = os.fork()
                if child == 0:
                    del old[::2]
                    more = [[i] for i in range(50000)]
                    os._exit(len(more) != 50000)
                assert os.waitpid(child, 0)[1] == 0""")

    def test_threads_that_release_the_lock_churn_beside_each_other(self):
        self.holds("""
            import epmalloc, hashlib, threading, zlib
            epmalloc.install()
            text = bytes(range(256)) * 4000
            expected = hashlib.sha256(text).digest()
            right = []
            def work(n):
                for i in range(30):
                    assert zlib.decompress(zlib.compress(text[:i * 999], 1)) == text[:i * 999]
                    assert hashlib.sha256(text).digest() == expected
                    kept = [bytearray(i * n) for i in range(200)]
                right.append(n)
            threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
            [t.start() for t in threads]
            [t.join() for t in threads]
            assert len(right) == 8""")


OVERFLOW = FUNCTIONS + """
        {hooks}
        block = malloc(16)
        assert epmalloc.owns(block - 16)
        ctypes.memset(block, 1, 17)
        free(block)
        """


class DebugHooks(SnippetTest):
    def is_caught(self, snippet, **others):
        done = run(snippet, **others)
        self.assertEqual(done.returncode, -6)
        self.assertIn("bad trailing pad byte", done.stderr)

    def test_hooks_that_were_there_stay_on_top(self):
        self.is_caught(OVERFLOW.format(hooks=""), environment={"PYTHONMALLOC": "debug"})

    def test_hooks_that_come_later_stand_on_epmalloc(self):
        self.is_caught(OVERFLOW.format(hooks="api.PyMem_SetupDebugHooks()"))


class Tracemalloc(SnippetTest):
    def test_traces_what_epmalloc_gives_out_and_leaves_it_in_place(self):
        self.holds("""
            import epmalloc, tracemalloc
            epmalloc.install()
            tracemalloc.start(3)
            block = bytearray(100000)
            traced = tracemalloc.get_object_traceback(block)
            assert traced[-1].lineno == 5, traced
            assert tracemalloc.get_traced_memory()[0] >= 100000
            tracemalloc.stop()
            text = "".join(["nobody has ", "this text yet"])
            assert epmalloc.owns(id(text))""")

    def test_tracing_that_would_undo_it_is_in_the_way(self):
        self.says("""
            import epmalloc, tracemalloc
            tracemalloc.start()
            try:
                epmalloc.install()
            except RuntimeError as error:
                print(error, epmalloc.installed())""",
                  "tracemalloc is tracing, and stopping it would undo this: install() first, then start() []")


if __name__ == "__main__":
    unittest.main()
