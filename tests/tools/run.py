#!/usr/bin/env python3
"""The command epmalloc on processes that run on libepmalloc.so.  Arguments: the library, the command."""
import contextlib
import gzip
import html.parser
import importlib
import json
import os
import random
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

LIBRARY, COMMAND = sys.argv[1:3]

# Blocks of many sizes, one in twenty of which stays; then it says so, and does what it is told.
PROGRAM = """
import os, sys
blocks = [bytes(i * 37 % 3000) for i in range(40000)] + [bytes(100000), bytes(5000000)]
kept = blocks[::20] + blocks[-2:]
del blocks
print("ready", flush=True)
for line in sys.stdin:
    if line == "fork\\n":
        child = os.fork()
        if child == 0:
            more = [bytes(500) for i in range(20000)]
            print(os.getpid(), flush=True)
            sys.stdin.read()
            os._exit(0)
    if line == "end\\n":
        break
"""


def command(*words, **changes):
    return subprocess.run([sys.executable, COMMAND, *map(str, words)], capture_output=True, text=True, timeout=120,
                          **changes)


def as_user(user, words):
    """What the command does as another user, who may be unable to read its files: in a child that has read them."""
    sys.path.insert(0, os.path.dirname(COMMAND))
    main = importlib.import_module("epmalloc_command.main")
    found = main.find_commands()
    main.find_commands = lambda: found
    ends = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(ends[1], 2)
        os.setuid(user)
        status = main.main(words)
        sys.stderr.flush()
        os._exit(status)
    os.close(ends[1])
    with open(ends[0], encoding="utf-8") as output:
        text = output.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text


class Page(html.parser.HTMLParser):
    """Counts what a page has."""

    def __init__(self, text):
        super().__init__()
        self.cells = self.frames = 0
        self.outside = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.cells += attributes.get("class") == "cell"
        self.frames += attributes.get("class") == "frame"
        self.outside += [value for key, value in attrs if key in ("src", "href")]


@contextlib.contextmanager
def running(folder, conf="", endpoint=True):
    """The program, on epmalloc, with its socket in the folder."""
    environment = {**os.environ, "PYTHONMALLOC": "malloc"}
    environment.pop("XDG_RUNTIME_DIR", None)
    environment.pop("EPMALLOC_CONF", None)
    if endpoint:
        words = [sys.executable, COMMAND, "run", "--library", LIBRARY, "--conf", f"endpoint:{folder}{conf}", sys.executable,
                 "-c", PROGRAM]
    else:
        environment["LD_PRELOAD"] = LIBRARY
        words = [sys.executable, "-c", PROGRAM]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout.readline() == "ready\n"
        path = os.path.join(folder, f"epmalloc.{process.pid}")
        while endpoint and not os.path.exists(path):
            time.sleep(0.01)
        yield process
    finally:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write("end\n")
            process.stdin.close()
        process.stdout.close()
        process.wait(timeout=60)


class Case(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="epmalloc-test-")
        self.addCleanup(self.scratch.cleanup)
        self.folder = self.scratch.name

    def good(self, *words):
        result = command(*words)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def bad(self, wanted, *words, **changes):
        """It fails, and says why in one line."""
        result = command(*words, **changes)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertRegex(result.stderr, r"\Aepmalloc: .*" + wanted + r".*\n\Z")
        self.assertEqual(result.stderr.count("\n"), 1)

    def path(self, name):
        return os.path.join(self.folder, name)


class Statistics(Case):
    def test_every_format(self):
        with running(self.folder) as process:
            self.assertIn("epmalloc: allocated_bytes ", self.good("stats", process.pid))
            answer = json.loads(self.good("stats", process.pid, "--format", "json", "--part", "process"))
            self.assertEqual(list(answer), ["process"])
            self.assertGreater(answer["process"]["allocated_bytes"], 5000000)
            xml.etree.ElementTree.fromstring(self.good("stats", process.pid, "--format", "xml"))
            self.assertTrue(self.good("stats", process.pid, "--format", "openmetrics").endswith("# EOF\n"))
            self.assertIn("arenas allocated total", self.good("stats", process.pid, "--format", "cpython"))

    def test_top_once(self):
        with running(self.folder) as process:
            for view, words in (("classes", "block size"), ("arenas", "free pools"), ("threads", "holds free")):
                text = self.good("top", process.pid, "--once", "--interval", 0.05, "--view", view)
                self.assertIn(words, text)
                self.assertIn(f"({process.pid})", text)
            self.bad("top needs a terminal", "top", process.pid)

    def test_threads_are_the_kernels(self):
        with running(self.folder) as process:
            threads = json.loads(self.good("stats", process.pid, "--format", "json", "--part", "threads"))["threads"]
            self.assertIn(process.pid, [thread["task"] for thread in threads])
            for thread in threads:
                self.assertTrue(os.path.exists(f"/proc/{process.pid}/task/{thread['task']}"))


class Map(Case):
    def test_pictures_and_files(self):
        with running(self.folder) as process:
            self.good("map", process.pid, "-o", self.path("heap.json"))
            self.good("map", process.pid, "-o", self.path("heap.svg"), "--colour", "class")
        for colour in ("state", "class", "occupancy"):
            svg = self.good("map", self.path("heap.json"), "--format", "svg", "--colour", colour)
            root = xml.etree.ElementTree.fromstring(svg)
            cells = [element for element in root if element.get("class") == "cell"]
            self.assertGreater(len(cells), 64)
            self.assertTrue(all(len(cell) == 1 and cell[0].text for cell in cells))
        page = Page(self.good("map", self.path("heap.json")))
        self.assertEqual((page.cells, page.frames, page.outside), (len(cells), 1, []))

    def test_every_slot_of_every_arena_is_drawn_once(self):
        with running(self.folder) as process:
            self.good("map", process.pid, "-o", self.path("heap.json"))
        with open(self.path("heap.json"), encoding="utf-8") as file:
            document = json.load(file)
        for arena in document["arenas"]:
            slots = [slot + i for slot, count, *_ in arena["pools"] for i in range(count)]
            slots += [slot for slot in range(64) if arena["free_mask"] >> slot & 1]
            self.assertEqual(sorted(slots), list(range(64)))
            self.assertEqual(len(document["resident"]), len(document["arenas"]))
        self.assertEqual([size >= 5000000 for _, size in document["huge"]], [True])

    def test_frames_make_a_slider(self):
        with running(self.folder) as process:
            page = self.good("map", process.pid, "--frames", 3, "--interval", 0.01)
        self.assertEqual(Page(page).frames, 3)

    def test_what_is_not_a_map(self):
        for text in ("", "{", "[]", "{}", '{"map": 2}', '{"map": 1}', "nonsense"):
            with open(self.path("file"), "w", encoding="utf-8") as file:
                file.write(text)
            self.bad("not a heap map|is empty|a map of version 2", "map", self.path("file"))
        self.bad("No such file", "map", self.path("nowhere"))


class Why(Case):
    def test_it_adds_up(self):
        with running(self.folder) as process:
            text = self.good("why", process.pid)
            self.assertRegex(text, r"^python\S* \(\d+\) has [\d.]+ MiB in memory")
            self.assertIn("malloc_trim() or", text)
            self.assertIn("arenas of 4 MiB", text)
            self.assertRegex(text, rf"\n  {process.pid} ")

    def test_trim(self):
        with running(self.folder) as process:
            self.assertRegex(self.good("trim", process.pid), r"^[\d.]+ (B|KiB|MiB) given back; resident before")


class Profiles(Case):
    def test_sampling_is_started_from_outside(self):
        with running(self.folder) as process:
            self.bad("nothing has been sampled", "profile", process.pid)
            self.good("profile", process.pid, "--start")
            self.assertRegex(self.good("profile", process.pid), r"^epmalloc profile, one sample in 524,288 bytes\n")
            self.assertRegex(self.good("profile", process.pid, "--format", "jemalloc"), r"^heap_v2/524288\n")
            path = os.path.join(self.folder, "heap.pb.gz")
            self.good("profile", process.pid, "--seconds", "0.1", "--format", "pprof", "--output", path)
            with gzip.open(path) as file:
                self.assertIn(b"inuse_space", file.read())
            self.good("profile", process.pid, "--stop")

    def test_leaks(self):
        with running(self.folder) as process:
            self.assertRegex(self.good("leaks", process.pid),
                             r"^epmalloc leak report: [\d,]+ bytes in [\d,]+ blocks? leaked, .*\n(.*\n)*by block size: ")
            self.assertRegex(self.good("stats", process.pid, "--format", "json"), "^{")


class Refusals(Case):
    def test_no_such_process(self):
        for words in (("stats",), ("top", "--once"), ("map",), ("why",), ("trim",)):
            self.bad("process 4194300: there is no such process", *words, 4194300)

    def test_the_endpoint_is_off(self):
        with running(self.folder, endpoint=False) as process:
            self.bad("no endpoint; start it with EPMALLOC_CONF=endpoint:1", "stats", process.pid)
        self.bad("libepmalloc.so is not loaded", "stats", os.getpid())

    def test_no_such_library_or_program(self):
        self.bad("there is no such library", "run", "--library", "/nowhere", "true")
        self.bad("No such file", "run", "--library", LIBRARY, "/nowhere/program")

    def test_a_socket_that_is_not_one(self):
        with running(self.folder) as process:
            path = self.path(f"epmalloc.{process.pid}")
            os.rename(path, self.path("elsewhere"))
            os.symlink(self.path("elsewhere"), path)
            self.bad("is not a socket of the user", "stats", process.pid)
            os.unlink(path)
            os.rename(self.path("elsewhere"), path)

    def test_another_process_in_its_place(self):
        with running(self.folder) as process, socket.socket(socket.AF_UNIX) as other:
            path = self.path(f"epmalloc.{process.pid}")
            os.unlink(path)
            other.bind(path)
            other.listen()
            self.bad("another process", "stats", process.pid)

    @unittest.skipUnless(os.geteuid() == 0, "only root can be two users")
    def test_another_user(self):
        os.chmod(self.folder, 0o755)
        with running(self.folder) as process:
            status, text = as_user(12345, ["stats", str(process.pid)])
        self.assertEqual((status, text), (1, f"epmalloc: process {process.pid} belongs to root: only that user, or root, "
                                             "is answered\n"))


class Endpoint(Case):
    def ask(self, pid, request):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(self.path(f"epmalloc.{pid}"))
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(request)
                return b"".join(iter(lambda: connection.recv(65536), b""))
        return b""

    def test_the_file_is_the_users_and_goes_with_the_process(self):
        with running(self.folder) as process:
            status = os.lstat(self.path(f"epmalloc.{process.pid}"))
            self.assertTrue(stat.S_ISSOCK(status.st_mode))
            self.assertEqual((status.st_mode & 0o7777, status.st_uid), (0o600, os.geteuid()))
        self.assertEqual(os.listdir(self.folder), [])

    def test_random_bytes(self):
        draw = random.Random(20261127)
        with running(self.folder) as process:
            for _ in range(300):
                request = bytes(draw.randrange(256) for _ in range(draw.randrange(300)))
                answer = self.ask(process.pid, request + b"\n")
                self.assertTrue(answer == b"" or answer.startswith(b"error: "), (request, answer))
            self.assertTrue(self.ask(process.pid, b"hello\n").startswith(b"ok\n"))

    def test_a_forked_child_has_its_own(self):
        with running(self.folder) as process:
            process.stdin.write("fork\n")
            process.stdin.flush()
            child = int(process.stdout.readline())
            while not os.path.exists(self.path(f"epmalloc.{child}")):
                time.sleep(0.01)
            for pid in (process.pid, child):
                self.assertIn(f'"pid":{pid}}}'.encode(), self.ask(pid, b"hello\n"))
        # A child that ends by _exit() leaves its file.
        self.assertEqual(os.listdir(self.folder), [f"epmalloc.{child}"])


unittest.main(argv=sys.argv[:1], verbosity=1)
