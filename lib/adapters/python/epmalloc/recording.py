"""State changes of the heap as they happen: docs/tracing.md of epmalloc describes the events and their format."""
import os
import struct
from typing import NamedTuple

from . import _epmalloc

CHUNK = struct.Struct("<IIQIIQ")
EVENT = struct.Struct("<QQQQQIHBB")
MAGIC = 0x54564550
TYPE_EVENTS = 1
NO_CLASS = 255

# In the order of their numbers, which begin with 1.
KINDS = ("arena_begun", "arena_taken_again", "arena_refused", "arena_created", "arena_retired", "arena_reclaimed",
         "arena_moved", "slots_taken", "slots_given", "slots_touched", "slots_purged", "pool_acquired", "pool_carved",
         "pool_uncarved",
         "pool_full", "pool_adopted", "pool_partial", "pool_claimed", "pool_emptied", "run_allocated", "run_resized",
         "run_freed", "huge_allocated", "huge_resized", "huge_freed", "thread_born", "thread_idle", "thread_died")
USABLE_ARENAS = ("arena_created", "arena_retired", "arena_moved", "slots_taken", "slots_given")


class Event(NamedTuple):
    """One change of state."""
    time_ns: int  # of time.monotonic_ns()
    kind: str  # one of KINDS
    object: int  # its address
    before: int
    after: int
    number: int  # the object's own
    thread: int  # the kernel's number, as threading.get_native_id()
    span: int
    size_class: int  # -1: none


class Events:
    """A recording that runs until close(), or the end of a with statement.

    kinds     which of KINDS to show; all when None.

    Iterating gives what has happened since the last time, by time, and ends; it can be done again. A thread's events
    stay in a ring of 4096 until they are asked for: what finds no room is counted in `dropped`.

    OSError (EBUSY): a recording runs already.
    """

    def __init__(self, kinds=None):
        self.kinds = frozenset(KINDS if kinds is None else kinds)
        unknown = self.kinds.difference(KINDS)
        if unknown:
            raise ValueError(f"kind {min(unknown)!r} is none of {', '.join(KINDS)}")
        _epmalloc.start_trace()
        self.is_open = True
        self.waiting = []

    @property
    def dropped(self):
        return _epmalloc.dropped_events()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def __iter__(self):
        if self.is_open:
            self.waiting += self.fetch(_epmalloc.drain_trace)
        fetched, self.waiting = sorted(self.waiting), []
        return iter(fetched)

    def close(self):
        """Ends the recording; what has not been asked for can still be."""
        if self.is_open:
            self.is_open = False
            self.waiting += self.fetch(_epmalloc.stop_trace)

    def fetch(self, write):
        fd = os.memfd_create("epmalloc")
        with open(fd, "rb") as file:
            write(fd)
            file.seek(0)
            return [event for event in events_of(file.read()) if event.kind in self.kinds]


def events_of(recording):
    """The events of a recording's bytes, in the order of its rings."""
    at = 0
    while at + CHUNK.size <= len(recording):
        magic, kind, size, _, _, _ = CHUNK.unpack_from(recording, at)
        if magic != MAGIC:
            raise ValueError(f"the recording has {magic:#x} at byte {at} instead of a chunk")
        at += CHUNK.size
        if kind == TYPE_EVENTS:
            for row in EVENT.iter_unpack(recording[at:at + size - size % EVENT.size]):
                yield event_of(row)
        at += size


def event_of(row):
    time_ns, thing, before, after, number, thread, span, kind, size_class = row
    return Event(time_ns, KINDS[kind - 1], thing, before, after, number, thread, span,
                 -1 if size_class == NO_CLASS else size_class)
