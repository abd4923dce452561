"""The heap at times of a recording, as maps that heap.py reads.

Events are taken in the order of their times.  Where two threads changed one arena's word at the same moment, that may
not be the order in which it happened; what each has changed is the same in any order.
"""
from .. import heap
from . import recording as form
from .arenas import ARENA_KINDS
from .pools import POOL_CHANGES, POOL_SIZES

WORD_KINDS = {form.KIND_OF[kind] for kind in ("arena_created", "arena_retired", "slots_taken", "slots_given")}
TOUCHED_KINDS = {form.KIND_OF[kind] for kind in ("slots_touched", "slots_purged")}
CREATED, RETIRED, MOVED = (form.KIND_OF[kind] for kind in ("arena_created", "arena_retired", "arena_moved"))
HUGE_KINDS = {form.KIND_OF[kind] for kind in ("huge_allocated", "huge_resized", "huge_freed")}
ARENA_MASK = ~(form.ARENA_BYTES - 1)


class ArenaNow:
    def __init__(self):
        self.word = self.touched = self.bucket = self.created_ns = 0
        self.is_in_use = False
        self.pools = {}     # slot: PoolNow


class PoolNow:
    def __init__(self):
        self.state, self.class_index, self.slots, self.count, self.carved, self.thread = form.FREE, 0, 1, 0, 0, 0


class Timeline:
    """Takes a recording's events, and makes maps of what there is."""

    def __init__(self, recording):
        self.recording = recording
        self.arenas, self.huge = {}, {}
        self.first_ns = recording.header[form.HEADER_MONOTONIC]

    def arena(self, address):
        now = self.arenas.get(address)
        if now is None:
            now = self.arenas[address] = ArenaNow()
        return now

    def add(self, event):
        kind = event[form.KIND]
        if kind in ARENA_KINDS:
            self.add_to_arena(self.arena(event[form.OBJECT]), event)
        elif kind in POOL_CHANGES or kind in POOL_SIZES:
            address = event[form.OBJECT]
            slot = (address & ~ARENA_MASK) >> form.SLOT_LOG2
            self.add_to_pool(self.arena(address & ARENA_MASK).pools.setdefault(slot, PoolNow()), event)
        elif kind in HUGE_KINDS:
            self.huge[event[form.OBJECT]] = event[form.AFTER]

    def add_to_arena(self, now, event):
        kind, change = event[form.KIND], event[form.BEFORE] ^ event[form.AFTER]
        if kind in WORD_KINDS:
            now.word ^= change
        elif kind in TOUCHED_KINDS:
            now.touched ^= change
        elif kind == MOVED:
            now.bucket = event[form.AFTER]
        if kind == CREATED:
            now.is_in_use, now.created_ns = True, event[form.TIME]
        elif kind == RETIRED:
            now.is_in_use = False

    def add_to_pool(self, now, event):
        if event[form.KIND] in POOL_SIZES:
            if now.class_index == form.CLASS_NONE:
                now.slots = event[form.AFTER]
            else:
                now.carved = event[form.AFTER]
            return
        word = event[form.AFTER]
        now.state, now.class_index, now.slots = form.word_state(word), event[form.CLASS], event[form.SPAN]
        now.count, now.thread = form.word_count(word), event[form.THREAD]
        if form.KINDS[event[form.KIND]] == "pool_acquired":
            now.carved = 0

    def pool_fields(self, slot, now):
        if now.class_index == form.CLASS_NONE:
            return [slot, now.slots, heap.RUN, 0, 0, 0, 1]
        capacity = self.recording.classes[now.class_index][1]
        free = {form.FULL: 0, form.PARTIAL: now.count}.get(now.state, capacity - now.carved)
        return [slot, now.slots, now.class_index, now.state - 1, now.thread if now.state == form.OWNED else 0, free,
                int(now.state == form.FULL)]

    def document(self, time_ns):
        """The map at a time."""
        arenas = [{"window": 0, "id": number, "start": address, "free_mask": now.word, "dirty_mask": now.touched,
                   "occupancy": now.bucket, "age_ms": (time_ns - now.created_ns) // 1_000_000,
                   "pools": [self.pool_fields(slot, pool) for slot, pool in sorted(now.pools.items())
                             if pool.state != form.FREE]}
                  for number, (address, now) in enumerate(sorted(self.arenas.items())) if now.is_in_use]
        return {"map": 1, "page_bytes": 4096, "slot_bytes": 1 << form.SLOT_LOG2, "arena_bytes": form.ARENA_BYTES,
                "classes": [{"block_bytes": size, "blocks": blocks, "slots": slots}
                            for size, blocks, slots in self.recording.classes],
                "arenas": arenas, "huge": [[address, size] for address, size in sorted(self.huge.items()) if size],
                "pid": self.recording.process, "name": "recording", "time": (time_ns - self.first_ns) / 1e9}


def span_of(recording):
    """The times of the first and the last event."""
    first, last = None, None
    for event in recording.events():
        first = event[form.TIME] if first is None else first
        last = event[form.TIME]
    return first, last


def documents(recording, count):
    """`count` maps, at equal distances from the first event to the last."""
    first, last = span_of(recording)
    if first is None or not recording.classes:
        raise form.BadRecording(f"{recording.path}: has no events, or no end that tells the size classes")
    times = [first + (last - first) * (i + 1) // count for i in range(count)]
    now, made = Timeline(recording), []
    for event in recording.events():
        while event[form.TIME] > times[len(made)]:
            made.append(now.document(times[len(made)]))
        now.add(event)
    made.append(now.document(times[-1]))
    return made


def is_recording(path):
    try:
        with open(path, "rb") as file:
            return file.read(4) == form.MAGIC.to_bytes(4, "little")
    except OSError:
        return False
