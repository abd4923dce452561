"""Replays a recording: what every arena and pool was, change by change, and whether the end is what a walk found.

What is said to be exact is so only where nothing was dropped and nothing is missing: `problems` is empty then.
"""
import collections

from .arenas import ARENA_KINDS, ARENA_STEPS, Arena, fits
from .pools import POOL_CHANGES, POOL_SIZES, Pool
from .recording import (AFTER, BEFORE, CLASS, CLASS_NONE, FREE, KIND, KIND_OF, KINDS, OBJECT, OWNED, SPAN, STATE_NAMES,
                        THREAD, word_generation, word_state)

HUGE_KINDS = (KIND_OF["huge_allocated"], KIND_OF["huge_resized"], KIND_OF["huge_freed"])
THREAD_KINDS = (KIND_OF["thread_born"], KIND_OF["thread_idle"], KIND_OF["thread_died"])


class Replay:
    """All arenas, pools, huge blocks and threads.  `on_arena_step` is called for each event of an arena, in order."""

    def __init__(self, recording, on_arena_step=None):
        self.recording = recording
        self.on_arena_step = on_arena_step
        self.arenas, self.pools, self.huge = {}, {}, {}
        self.ids, self.threads = {}, {}        # owner id: thread; thread: owner id
        self.counts = [0] * len(KINDS)
        self.problems = []
        self.compared = collections.Counter()
        self.capacities = [row[1] for row in recording.classes]

    def run(self):
        for event in self.recording.events():
            self.add(event)
        self.end()
        return self

    def add(self, event):
        kind = event[KIND]
        self.counts[kind] += 1
        if kind in ARENA_KINDS:
            self.arena(event[OBJECT]).add(event)
        elif kind in POOL_CHANGES or kind in POOL_SIZES:
            pool = self.pools.get(event[OBJECT])
            if pool is None:
                pool = self.pools[event[OBJECT]] = Pool(self.recording.is_from_start)
            pool.add(event, self.capacities)
        elif kind in HUGE_KINDS:
            self.add_huge(event)
        elif kind in THREAD_KINDS:
            self.add_thread(event)

    def arena(self, address):
        arena = self.arenas.get(address)
        if arena is None:
            arena = self.arenas[address] = Arena(address, self.recording.is_from_start, self.on_arena_step)
        return arena

    def add_huge(self, event):
        have = self.huge.get(event[OBJECT], 0 if self.recording.is_from_start or event[BEFORE] == 0 else None)
        if not fits(have, event[BEFORE]):
            self.problems.append(f"huge block 0x{event[OBJECT]:x}: {KINDS[event[KIND]]} from {event[BEFORE]} bytes, "
                                 f"but it had {have}")
        self.huge[event[OBJECT]] = event[AFTER]

    def add_thread(self, event):
        owner, thread, kind = event[AFTER], event[THREAD], event[KIND]
        is_alive = self.threads.get(thread) == owner and self.ids.get(owner) == thread
        if kind == KIND_OF["thread_born"]:
            if owner in self.ids:
                self.problems.append(f"thread {thread} is born with id {owner}, which thread {self.ids[owner]} has")
            self.ids[owner], self.threads[thread] = thread, owner
        elif not is_alive and self.recording.is_from_start:
            self.problems.append(f"thread {thread} with id {owner}: {KINDS[kind]}, but it has not been born")
        if kind == KIND_OF["thread_died"]:
            self.ids.pop(owner, None)
            self.threads.pop(thread, None)

    def end(self):
        states = list(self.recording.states())
        for state in states:
            if state[KIND] in ARENA_STEPS:
                self.arena(state[OBJECT]).seen.add(state[KIND])
                self.arena(state[OBJECT]).add(state)
        for arena in self.arenas.values():
            arena.end()
        for pool in self.pools.values():
            pool.end()
        self.compare([s for s in states if s[KIND] not in ARENA_STEPS], bool(states))
        for address, arena in sorted(self.arenas.items()):
            if arena.problem:
                self.problems.append(f"arena 0x{address:x}: {arena.problem}")
        for address, pool in sorted(self.pools.items()):
            if pool.problem:
                self.problems.append(f"pool 0x{address:x}: {pool.problem}")

    # --- what a walk found at the end

    def compare(self, states, has_states):
        if not has_states:
            return
        seen_pools, seen_huge, seen_ids = set(), {}, set()
        for state in states:
            if state[KIND] in (KIND_OF["seen_pool"], KIND_OF["seen_run"]):
                seen_pools.add(state[OBJECT])
                self.compare_pool(state)
            elif state[KIND] == KIND_OF["seen_huge"]:
                seen_huge[state[OBJECT]] = state[AFTER]
            elif state[KIND] == KIND_OF["seen_thread"]:
                seen_ids.add(state[AFTER])
        self.compared["arenas"] = len(self.arenas)
        self.compared["huge blocks"], self.compared["threads"] = len(seen_huge), len(seen_ids)
        for address, arena in self.arenas.items():
            if len(arena.seen) != 3:
                self.problems.append(f"arena 0x{address:x}: no state at the end")
        for address, pool in self.pools.items():
            if address not in seen_pools and pool.generation != 0:
                self.problems.append(f"pool 0x{address:x}: no state at the end")
        self.compare_rest(seen_huge, seen_ids)

    def compare_rest(self, seen_huge, seen_ids):
        live = {address: size for address, size in self.huge.items() if size}
        for address in sorted(live.keys() | seen_huge.keys()):
            if live.get(address) != seen_huge.get(address):
                if self.recording.is_from_start or address in self.huge:
                    self.problems.append(f"huge block 0x{address:x}: {live.get(address, 0)} bytes by replay, "
                                         f"{seen_huge.get(address, 0)} at the end")
        if self.recording.is_from_start and set(self.ids) != seen_ids:
            self.problems.append(f"threads with the ids {sorted(self.ids)} by replay, {sorted(seen_ids)} at the end")

    def compare_pool(self, state):
        pool = self.pools.get(state[OBJECT])
        self.compared["pools and runs"] += 1
        if pool is None:
            if self.recording.is_from_start:
                self.problems.append(f"pool 0x{state[OBJECT]:x}: no event, but it has been used")
            return
        if pool.problem:
            return
        for name, have, seen in self.pairs(pool, state):
            if have is not None and have != seen:
                pool.problem = f"{name} is {have} by replay, {seen} at the end"

    def pairs(self, pool, state):
        word = state[BEFORE]
        yield "generation", pool.generation, word_generation(word)
        yield "state", STATE_NAMES[pool.state] if pool.state is not None else None, STATE_NAMES[word_state(word)]
        if word_state(word) == FREE:
            return
        yield "slots", pool.slots, state[SPAN]
        if state[CLASS] != CLASS_NONE:
            yield "class", pool.class_index, state[CLASS]
        if word_state(word) == OWNED and state[THREAD]:
            yield "owner", self.threads.get(pool.thread), state[THREAD]

    @property
    def overtakes(self):
        """How many events came before one of the same arena with a lower number."""
        return sum(arena.overtakes for arena in self.arenas.values())

    @property
    def is_exact(self):
        return not self.problems and self.recording.dropped == 0 and not self.recording.is_truncated
