"""Recordings of epmalloc's events: the format, read as it stands in docs/tracing.md.

    recording = Recording("run.trace")
    for event in recording.events(): ...        # of all threads, by time

An event is a tuple; its parts are named by TIME, OBJECT, BEFORE, AFTER, NUMBER, THREAD, SPAN, KIND, CLASS.
"""
import heapq
import mmap
import struct

KINDS = ("none arena_begun arena_taken_again arena_refused arena_created arena_retired arena_reclaimed arena_moved "
         "slots_taken slots_given slots_touched slots_purged pool_acquired pool_carved pool_uncarved pool_full pool_adopted "
         "pool_partial pool_claimed pool_emptied run_allocated run_resized run_freed huge_allocated huge_resized "
         "huge_freed thread_born thread_idle thread_died seen_slots seen_bucket seen_touched seen_pool seen_run "
         "seen_huge seen_thread").split()
KIND_OF = {name: number for number, name in enumerate(KINDS)}

EVENT = struct.Struct("<QQQQQIHBB")
TIME, OBJECT, BEFORE, AFTER, NUMBER, THREAD, SPAN, KIND, CLASS = range(9)
HEAD = struct.Struct("<IIQIIQ")
HEADER = struct.Struct("<IIIIQQ")
CLASS_ROW = struct.Struct("<IHH")
HEADER_MONOTONIC = 4
MAGIC = 0x54564550
VERSION = 1
CHUNK_HEADER, CHUNK_EVENTS, CHUNK_STATES, CHUNK_CLASSES = range(4)

SLOT_LOG2, ARENA_LOG2 = 16, 22
ARENA_BYTES = 1 << ARENA_LOG2
FREE, OWNED, FULL, PARTIAL = range(4)
STATE_NAMES = ("free", "owned", "full", "partial")
GENERATION_MASK = (1 << 30) - 1
CLASS_NONE = 255


def word_state(word):
    return word >> 30 & 3


def word_generation(word):
    return word & GENERATION_MASK


def word_count(word):
    return word >> 32 & 0xffff


class BadRecording(Exception):
    """The file is not a recording, or of another version."""


class Recording:
    """A recording's chunks; the events stay in the file until they are asked for."""

    def __init__(self, path):
        with open(path, "rb") as file:
            file.seek(0, 2)
            if file.tell() == 0:
                raise BadRecording(f"{path}: the file is empty")
            self.bytes = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        self.path = path
        self.header = None
        self.process = None
        self.classes = []
        self.rings = {}          # number: pieces of the file
        self.state_pieces = []
        self.is_truncated = False
        self.others = 0          # chunks of forked children
        self.dropped_by = {}     # ring: events
        self.dropped_in_all = 0
        self._read_chunks()

    @property
    def dropped(self):
        return max(sum(self.dropped_by.values()), self.dropped_in_all)

    @property
    def is_from_start(self):
        return self.header[3] == 1

    def _read_chunks(self):
        at, end = 0, len(self.bytes)
        while at < end:
            if end - at < HEAD.size:
                self.is_truncated = True
                return
            magic, kind, length, ring, process, dropped = HEAD.unpack_from(self.bytes, at)
            if magic != MAGIC:
                raise BadRecording(f"{self.path}: at byte {at} there is no chunk of a recording")
            at += HEAD.size
            if length > end - at:
                self.is_truncated = True
                return
            if self.process is None:
                self.process = process
            if process == self.process:
                self._take_chunk(kind, ring, dropped, slice(at, at + length))
            else:
                self.others += 1
            at += length
        if self.header is None:
            raise BadRecording(f"{self.path}: the recording has no header")

    def _take_chunk(self, kind, ring, dropped, piece):
        if kind == CHUNK_HEADER:
            header = HEADER.unpack_from(self.bytes, piece.start)
            if header[0] != VERSION or header[1] != EVENT.size or header[2] != len(KINDS):
                raise BadRecording(f"{self.path}: version {header[0]} with {header[2]} kinds of events; "
                                   f"this reader knows version {VERSION} with {len(KINDS)}")
            self.header = self.header or header
        elif kind == CHUNK_EVENTS:
            self.rings.setdefault(ring, []).append(piece)
            self.dropped_by[ring] = dropped
        elif kind == CHUNK_STATES:
            self.state_pieces.append(piece)
            self.dropped_in_all = max(self.dropped_in_all, dropped)
        elif kind == CHUNK_CLASSES:
            self.classes = list(CLASS_ROW.iter_unpack(self.bytes[piece]))

    def _of_pieces(self, pieces):
        for piece in pieces:
            yield from EVENT.iter_unpack(self.bytes[piece])

    def events(self):
        """All events in the order of time; those of one thread as the thread told them."""
        return heapq.merge(*(self._of_pieces(pieces) for pieces in self.rings.values()))

    def states(self):
        """What a walk found at the end."""
        return self._of_pieces(self.state_pieces)

    def block_bytes(self, class_index):
        return self.classes[class_index][0] if class_index < len(self.classes) else 0


class Writer:
    """Writes a recording: a header, then chunks."""

    def __init__(self, file, like):
        self.file, self.process = file, like.process
        self.put(CHUNK_HEADER, HEADER.pack(*like.header))
        if like.classes:
            self.put(CHUNK_CLASSES, b"".join(CLASS_ROW.pack(*row) for row in like.classes))

    def put(self, kind, payload, ring=0, dropped=0):
        self.file.write(HEAD.pack(MAGIC, kind, len(payload), ring, self.process, dropped) + payload)

    def put_events(self, events, ring, dropped, kind=CHUNK_EVENTS):
        rows = [EVENT.pack(*event) for event in events]
        for first in range(0, len(rows), 4096):
            self.put(kind, b"".join(rows[first:first + 4096]), ring, dropped)


def copy(recording, file, wanted):
    """Writes the events for which `wanted` is true, and the states, as a recording."""
    writer = Writer(file, recording)
    for ring, pieces in recording.rings.items():
        kept = (event for event in recording._of_pieces(pieces) if wanted(event))
        writer.put_events(kept, ring, recording.dropped_by[ring])
    writer.put_events(recording.states(), 0, recording.dropped_in_all, CHUNK_STATES)
