"""One descriptor's history: a pool, a run, or nothing.

Each change of state bears the generation that it made, so g-1 -> g comes before g -> g+1, whatever the clocks say, and
a missing one leaves a gap.
"""
from .arenas import fits
from .recording import (AFTER, BEFORE, CLASS, FREE, FULL, GENERATION_MASK, KIND, KIND_OF, KINDS, NUMBER, OWNED, PARTIAL,
                        SPAN, STATE_NAMES, THREAD, word_generation, word_state)

POOL_CHANGES = {  # kind: state before, state after
    KIND_OF["pool_acquired"]: (FREE, OWNED), KIND_OF["pool_full"]: (OWNED, FULL),
    KIND_OF["pool_adopted"]: (FULL, OWNED), KIND_OF["pool_partial"]: (None, PARTIAL),
    KIND_OF["pool_claimed"]: (PARTIAL, OWNED), KIND_OF["pool_emptied"]: (None, FREE),
    KIND_OF["run_allocated"]: (FREE, FULL), KIND_OF["run_freed"]: (FULL, FREE)}
POOL_SIZES = (KIND_OF["pool_carved"], KIND_OF["pool_uncarved"], KIND_OF["run_resized"])


class Pool:
    """One descriptor's history: a pool, a run, or nothing."""
    __slots__ = ("generation", "state", "class_index", "slots", "thread", "carved", "waiting", "problem", "is_run")

    def __init__(self, is_from_start):
        self.generation = 0 if is_from_start else None
        self.state = FREE if is_from_start else None
        self.class_index, self.slots, self.thread, self.is_run = None, None, None, False
        self.carved = None
        self.waiting = None
        self.problem = None

    def add(self, event, capacities):
        number, kind = event[NUMBER], event[KIND]
        if self.problem:
            return False
        is_size = kind in POOL_SIZES
        if self.generation is None:
            self.generation = number if is_size else (number - 1) & GENERATION_MASK
        due = self.generation if is_size else (self.generation + 1) & GENERATION_MASK
        if number != due:
            self.waiting = self.waiting or {}
            self.waiting.setdefault(number, []).append(event)
            return False
        self.apply(event, capacities)
        while self.waiting and not self.problem:
            following = self.waiting.pop((self.generation + 1) & GENERATION_MASK, None)
            if following is None:
                break
            for later in sorted(following, key=lambda e: e[KIND] in POOL_SIZES):
                self.apply(later, capacities)
        return True

    def apply(self, event, capacities):
        if event[KIND] in POOL_SIZES:
            self.apply_size(event)
        else:
            self.apply_change(event, capacities)

    def apply_size(self, event):
        have = self.slots if self.is_run else self.carved
        if not fits(have, event[BEFORE]):
            self.problem = f"{KINDS[event[KIND]]} from {event[BEFORE]}, but it was {have}"
        elif self.is_run:
            self.slots = event[AFTER]
        else:
            self.carved = event[AFTER]

    def apply_change(self, event, capacities):
        kind = event[KIND]
        before, after = POOL_CHANGES[kind]
        found, made = word_state(event[BEFORE]), word_state(event[AFTER])
        if (not fits(before, found) or made != after or not fits(self.state, found) or
                word_generation(event[BEFORE]) != (event[NUMBER] - 1) & GENERATION_MASK):
            self.problem = (f"{KINDS[kind]} finds {STATE_NAMES[found]}, but the pool was "
                            f"{STATE_NAMES[self.state] if self.state is not None else 'unknown'}")
            return
        if kind == KIND_OF["pool_full"] and capacities and not fits(self.carved, capacities[event[CLASS]]):
            self.problem = f"full with {self.carved} of {capacities[event[CLASS]]} blocks carved"
        if kind == KIND_OF["run_freed"] and not fits(self.slots, event[SPAN]):
            self.problem = f"a run of {self.slots} slots is freed with {event[SPAN]}"
        if kind == KIND_OF["pool_acquired"]:
            self.carved = 0
        self.is_run = kind in (KIND_OF["run_allocated"], KIND_OF["run_freed"])
        self.generation = event[NUMBER]
        self.state, self.class_index, self.slots = made, event[CLASS], event[SPAN]
        self.thread = event[THREAD] if made == OWNED else None

    def end(self):
        if self.waiting and not self.problem:
            self.problem = (f"the change to generation {(self.generation + 1) & GENERATION_MASK} is missing "
                            f"(it is told of {min(self.waiting)})")
