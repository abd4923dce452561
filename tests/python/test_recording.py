#!/usr/bin/env python3
"""epmalloc.events(): what is told of arenas and pools, and in what form."""
import os
import re
import sys
import unittest

from interpreter import BUILD, SnippetTest


class Recording(SnippetTest):
    def test_arenas_are_told_when_they_come_and_go(self):
        self.holds("""
            import epmalloc, threading
            epmalloc.install()
            with epmalloc.events() as events:
                known = {arena.start for arena in epmalloc.arenas()}
                things = [bytes(30000) for i in range(500)]
                now = {arena.start for arena in epmalloc.arenas()}
                came = list(events)
                del things
                epmalloc.trim()
            went = list(events)
            created = {e.object for e in came if e.kind == "arena_created"}
            assert len(now - known) >= 2 and created.issuperset(now - known), (known, now, created)
            retired = {e.object for e in went if e.kind == "arena_retired"}
            assert retired and retired.isdisjoint(arena.start for arena in epmalloc.arenas())
            assert any(e.kind == "pool_acquired" and e.size_class == 78 for e in came)
            assert any(e.kind == "slots_given" for e in went)
            assert {e.thread for e in came} == {threading.get_native_id()}
            assert came == sorted(came) and events.dropped == 0 and list(events) == []""")

    def test_a_kind_is_asked_for_by_name(self):
        self.says("""
            import epmalloc
            epmalloc.install()
            with epmalloc.events(kinds=["huge_allocated"]) as events:
                block = bytearray(3 << 20)
                for event in events:
                    print(event.kind, event.after >= 3 << 20, epmalloc.owns(event.object))
            try:
                epmalloc.events(kinds=["arena"])
            except ValueError as error:
                print(str(error)[:42])""", "huge_allocated True True\nkind 'arena' is none of arena_begun, arena")

    def test_two_recordings_do_not_run_at_once(self):
        self.says("""
            import epmalloc
            with epmalloc.events():
                try:
                    epmalloc.events()
                except OSError as error:
                    print(error.strerror)
            with epmalloc.events():
                pass""", "Device or resource busy")

    def test_the_kinds_are_those_of_the_document(self):
        sys.path.insert(0, os.path.join(BUILD, "python"))
        from epmalloc import recording
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "tracing.md")
        with open(path, encoding="utf-8") as file:
            told = re.findall(r"^\| `(\w+)` \|", file.read(), re.M)
        self.assertEqual(tuple(told), recording.KINDS)


if __name__ == "__main__":
    unittest.main()
