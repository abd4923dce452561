#!/usr/bin/env python3
"""Statistics and walks in Python."""
import ast
import os
import re
import unittest

from interpreter import BUILD, SnippetTest


class Figures(SnippetTest):
    def test_the_bytes_of_arenas_add_up(self):
        self.holds("""
            import epmalloc
            epmalloc.install()
            kept = [bytearray(i % 5000) for i in range(20000)]
            del kept[::3]
            s = epmalloc.stats()
            assert s.total_bytes == s.arena_bytes == s.arenas * (4 << 20) == len(epmalloc.arenas()) * (4 << 20), s
            assert s.total_bytes == (s.in_use_bytes + s.available_bytes + s.run_bytes + s.unused_pool_bytes +
                                     s.quantization_bytes + s.unaccounted_bytes), s
            assert s.uncertain_bytes == 0""")

    def test_every_object_is_in_a_block_in_use_of_a_pool_of_an_arena(self):
        self.holds("""
            import bisect, epmalloc
            epmalloc.install()
            kept = [[i] for i in range(5000)]
            del kept[::2]
            first = len(kept) - 500  # of those that lie in epmalloc: none is made of what install() found free
            kept = [thing for thing in kept if epmalloc.owns(id(thing) - 16)]
            assert len(kept) >= first
            blocks = {b.start: b for b in epmalloc.walk()}
            pools = sorted(epmalloc.pools(), key=lambda pool: pool.start)
            starts = [pool.start for pool in pools]
            arenas = {arena.start for arena in epmalloc.arenas()}
            for thing in kept:
                block = blocks[id(thing) - 16]  # behind the collector's header
                assert block.state == "in_use" and block.bytes >= 56, block
                pool = pools[bisect.bisect(starts, block.start) - 1]
                assert pool.start <= block.start < pool.start + pool.bytes and pool.block_bytes == block.bytes
                assert pool.arena in arenas and pool.kind == "pool" and pool.in_use_least > 0""")

    def test_big_blocks_are_runs_and_huge_ones(self):
        self.holds("""
            import epmalloc
            epmalloc.install()
            run, huge = bytearray(200000), bytearray(3000000)
            kinds = {pool.kind: pool for pool in epmalloc.pools()}
            assert kinds["run"].bytes % 65536 == 0 and kinds["huge"].arena == 0 and kinds["huge"].bytes >= 3000000
            assert kinds["huge"].state == "full" """)

    def test_walks_of_classes_and_threads(self):
        self.holds("""
            import epmalloc, threading
            epmalloc.install()
            kept = [bytes(1000 + i) for i in range(100)]
            assert epmalloc.classes()[-1].block_bytes >= 1100
            enough, over = threading.Barrier(2), threading.Barrier(2)
            def work():
                here = [[] for i in range(1000)]
                enough.wait(), over.wait()
            thread = threading.Thread(target=work)
            thread.start(), enough.wait()
            assert len(epmalloc.threads()) == epmalloc.stats().threads == 2
            over.wait(), thread.join()""")

    def test_what_is_dropped_goes_back_on_trim(self):
        self.holds("""
            import epmalloc
            epmalloc.install()
            kept = [[i] for i in range(300000)]
            before = epmalloc.stats()
            del kept
            assert epmalloc.trim() > 0
            after = epmalloc.stats()
            assert after.purged_bytes > 0 and after.dirty_bytes == 0, after
            assert after.allocated_bytes < before.allocated_bytes - 300000 * 64""")

    def test_documents(self):
        self.holds("""
            import epmalloc, json, xml.etree.ElementTree
            epmalloc.install()
            assert json.loads(epmalloc.stats_text("json"))["process"]["allocated_bytes"] > 0
            assert xml.etree.ElementTree.fromstring(epmalloc.stats_text("xml")).tag == "epmalloc"
            assert epmalloc.stats_text("openmetrics").endswith("# EOF\\n")
            assert "allocated_bytes" in epmalloc.stats_text()
            try:
                epmalloc.stats_text("yaml")
            except ValueError as error:
                assert str(error) == "form 'yaml' is none of text, json, openmetrics, xml" """)

    def test_the_table_of_cpython_has_cpythons_lines(self):
        self.holds("""
            import epmalloc, os, re, sys, tempfile
            def table(show):
                with tempfile.TemporaryFile("w+") as file:
                    saved = os.dup(2)
                    os.dup2(file.fileno(), 2)
                    show()
                    os.dup2(saved, 2)
                    file.seek(0)
                    return file.read()
            theirs = table(sys._debugmallocstats)
            epmalloc.install()
            ours = table(epmalloc.debugmallocstats)
            def form(line):
                return re.sub("[0-9,]+", "0", line).replace(" ", "")
            own = {form(line) for line in ours.splitlines()}
            theirs = theirs[: theirs.index("# bytes lost to arena map bot")]
            missing = [line for line in theirs.splitlines() if form(line) not in own]
            assert missing == [], missing
            for line in ours.splitlines():
                assert "=" not in line or re.fullmatch(".{35}= {1,}[0-9,]+", line) or "threshold" in line, line""")

    def test_why_names_the_objects_that_keep_an_arena(self):
        self.holds("""
            import epmalloc
            epmalloc.install()
            class Survivor:
                pass
            many = [Survivor() if i % 20000 == 19999 else [i] for i in range(200000)]
            kept = [thing for thing in many if type(thing) is Survivor]
            del many
            reasons = epmalloc.why(most=100, types=1000)
            assert sum(pin.types.get("Survivor", 0) for pin in reasons.pins) == len(kept) == 10, reasons
            assert "Survivor" in str(reasons) and reasons.pins[0].live_bytes <= reasons.pins[-1].live_bytes""")


class Stubs(SnippetTest):
    def test_the_stubs_have_what_the_module_has(self):
        found = set()
        for file in ("_epmalloc.pyi", "_figures.pyi"):
            with open(os.path.join(BUILD, "python", "epmalloc", file), encoding="utf-8") as text:
                found |= {node.name for node in ast.parse(text.read()).body if hasattr(node, "name")}
        self.says("""
            from epmalloc import _epmalloc
            print(*sorted(name for name in dir(_epmalloc) if not name.startswith("__")))""", " ".join(sorted(found)))

    def test_the_structures_have_the_headers_fields(self):
        headers = os.environ["EPMALLOC_HEADERS"]
        with open(os.path.join(headers, "stats.h"), encoding="utf-8") as text:
            body = re.search(r"^struct ep_stats \{\n(.*?)^\};", text.read(), re.M | re.S).group(1)
        names = re.findall(r"^ *uint64_t (\w+);", body, re.M)
        self.assertGreater(len(names), 30)
        self.says("import epmalloc; print(*epmalloc.Stats.__match_args__)", " ".join(names))


if __name__ == "__main__":
    unittest.main()
