"""The heap as a process's endpoint tells it (the requests map and pages), beside what the kernel tells about pages."""
import array
import json
import os

from . import Failure, connection

STATES = ("owned", "full", "partial")
RUN, TRANSITION = -1, -2
# Bits of /proc/<pid>/pagemap: in memory; in swap.
PRESENT = 1 << 63


class Pool:
    """One pool, or a run (class_index RUN: one block), or a slot on its way (TRANSITION)."""

    def __init__(self, arena, fields, classes):
        slot, slots, class_index, state, owner, free, exact = fields
        self.arena, self.slot, self.slots, self.class_index = arena, slot, slots, class_index
        self.state = "run" if class_index == RUN else "moving" if class_index == TRANSITION else STATES[state]
        self.owner, self.free, self.exact = owner, free, bool(exact)
        self.start = arena.start + slot * arena.slot_bytes
        self.bytes = slots * arena.slot_bytes
        self.resident_pages = None
        if class_index >= 0:
            self.block_bytes, self.blocks = classes[class_index]["block_bytes"], classes[class_index]["blocks"]
        else:
            self.block_bytes, self.blocks = self.bytes, 1

    @property
    def live(self):
        """Blocks in use; of a pool that another running thread owns, at most."""
        return self.blocks - self.free

    @property
    def live_bytes(self):
        """At most what is in memory, where that is known: a block that is in use may be untouched, but where the blocks
        in use are not known this is the better bound."""
        if self.exact or self.resident_pages is None:
            return self.live * self.block_bytes
        return min(self.live * self.block_bytes, self.resident_pages * self.arena.page_bytes)


class Arena:
    def __init__(self, fields, document):
        self.window, self.id, self.start = fields["window"], fields["id"], fields["start"]
        self.free_mask, self.dirty_mask = fields["free_mask"], fields["dirty_mask"]
        self.occupancy, self.age_ms = fields["occupancy"], fields["age_ms"]
        self.slot_bytes, self.page_bytes = document["slot_bytes"], document["page_bytes"]
        self.pools = [Pool(self, pool, document["classes"]) for pool in fields["pools"]]
        self.pages = None  # 1 for each page in memory

    @property
    def free_slots(self):
        return self.free_mask.bit_count()

    def resident_in(self, start, length, page_bytes):
        first = (start - self.start) // page_bytes
        return sum(self.pages[first:first + length // page_bytes])


class Heap:
    def __init__(self, document):
        try:
            if document["map"] != 1:
                raise Failure(f"a map of version {document['map']}: this command knows version 1")
            self.page_bytes, self.slot_bytes = document["page_bytes"], document["slot_bytes"]
            self.arena_bytes, self.classes = document["arena_bytes"], document["classes"]
            self.arenas = [Arena(fields, document) for fields in document["arenas"]]
            self.huge = document["huge"]
            self.pid = document.get("pid")
            self.name = document.get("name", "")
            self.time = document.get("time")
            for arena, pages in zip(self.arenas, document.get("resident", ())):
                self.note_pages(arena, bytes.fromhex(pages))
        except (KeyError, TypeError, ValueError) as error:
            raise Failure(f"not a heap map: {error!r}") from None
        self.document = document

    def note_pages(self, arena, bits):
        """Takes in which pages of an arena are in memory, a bit each, the first in the lowest bit."""
        arena.pages = [byte >> i & 1 for byte in bits for i in range(8)]
        for pool in arena.pools:
            pool.resident_pages = arena.resident_in(pool.start, pool.bytes, self.page_bytes)

    @property
    def is_residency_known(self):
        return all(arena.pages is not None for arena in self.arenas)

    def by_usable_order(self):
        """Arenas with a free pool as malloc prefers them, the fullest first; then those without."""
        return sorted(self.arenas, key=lambda arena: (arena.free_slots == 0, arena.occupancy, arena.window, arena.id))

    def resident_bytes(self):
        return sum(sum(arena.pages) for arena in self.arenas) * self.page_bytes

    def dirty_free_bytes(self):
        """Free slots that are in memory."""
        total = 0
        for arena in self.arenas:
            for slot in range(self.arena_bytes // self.slot_bytes):
                if arena.free_mask >> slot & 1:
                    total += arena.resident_in(arena.start + slot * self.slot_bytes, self.slot_bytes, self.page_bytes)
        return total * self.page_bytes


def read_resident(file, start, length, page_bytes):
    """Which pages of a range are in memory, as bits."""
    file.seek(start // page_bytes * 8)
    entries = array.array("Q", file.read(length // page_bytes * 8))
    bits = bytearray((len(entries) + 7) // 8)
    for i, entry in enumerate(entries):
        if entry & PRESENT:
            bits[i >> 3] |= 1 << (i & 7)
    return bytes(bits)


def add_resident(pid, document):
    """Adds to a map what the kernel tells about each arena's pages; nothing where it does not."""
    try:
        with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as file:
            document["resident"] = [read_resident(file, arena["start"], document["arena_bytes"],
                                                  document["page_bytes"]).hex() for arena in document["arenas"]]
    except OSError:
        document.pop("resident", None)


def take_document(pid):
    """The map of a running process, as it is written into files."""
    document = connection.ask_json(pid, "map")
    document["pid"] = pid
    document["name"] = (connection.read_proc(pid, "comm") or "").strip()
    document["time"] = os.times().elapsed
    add_resident(pid, document)
    return document


def take(pid):
    return Heap(take_document(pid))


def read_file(path):
    """The maps in a file, one a line, in the order of time."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Failure(f"{path}: not a heap map: not text") from None
    decoder = json.JSONDecoder()
    heaps, at = [], 0
    try:
        while text[at:].strip():
            at += len(text[at:]) - len(text[at:].lstrip())
            document, at = decoder.raw_decode(text, at)
            heaps.append(Heap(document))
    except json.JSONDecodeError as error:
        raise Failure(f"{path}: not a heap map: {error}") from None
    if not heaps:
        raise Failure(f"{path}: is empty")
    return heaps
