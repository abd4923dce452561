"""One arena's events, put in order.

Its words are changed by several threads at once, and an event has two numbers: its own, without gaps in an arena, and
`since`, below which every number comes before it.  Among those that overlap an event can come next only if it
found in the word what is there; where several can, one is tried, and another when that leads nowhere.  So every
order that is found is one in which each thread saw what it saw.
"""
import collections

from .recording import AFTER, BEFORE, CLASS, KIND, KIND_OF, KINDS, NUMBER, SPAN

ALL = (1 << 64) - 1
SPAN_UNKNOWN = 0xffff
NEVER, TAKEN, IN_USE, RETIRED = "never begun", "taken", "in use", "retired"

LOOKAHEAD = 256         # events that are kept back, so that what comes late can be put in its place
WAITING_MAX = 50_000    # events among which one that fits is waited for
UNDO_MAX = 4096
TRIES_MAX = 100_000

ARENA_KINDS = frozenset(range(KIND_OF["arena_begun"], KIND_OF["slots_purged"] + 1))

ArenaState = collections.namedtuple("ArenaState", "word life bucket touched")
UNKNOWN = ArenaState(None, None, None, None)
AT_START = ArenaState(0, NEVER, 0, 0)


def fits(have, wanted):
    return have is None or have == wanted


def _set_word(state, event):
    ok = fits(state.word, event[BEFORE]) and fits(state.life, IN_USE)
    return state._replace(word=event[AFTER], life=IN_USE) if ok else None


def _created(state, event):
    ok = fits(state.word, 0) and fits(state.life, TAKEN)
    return state._replace(word=event[AFTER], life=IN_USE) if ok else None


def _retired(state, event):
    ok = fits(state.word, ALL) and fits(state.life, IN_USE)
    return state._replace(word=0, life=RETIRED) if ok else None


def _turn(before, after):
    def apply(state, event):
        ok = fits(state.life, before) and fits(state.word, 0)
        return state._replace(word=0, life=after) if ok else None
    return apply


def _set_bucket(state, event):
    return state._replace(bucket=event[AFTER]) if fits(state.bucket, event[BEFORE]) else None


def _set_touched(state, event):
    return state._replace(touched=event[AFTER]) if fits(state.touched, event[BEFORE]) else None


def _seen_slots(state, event):
    ok = fits(state.word, event[BEFORE]) and (state.life is None or (state.life == IN_USE) == (event[CLASS] != 0))
    return state._replace(word=event[BEFORE]) if ok else None


ARENA_STEPS = {
    KIND_OF["arena_begun"]: _turn(NEVER, TAKEN), KIND_OF["arena_taken_again"]: _turn(RETIRED, TAKEN),
    KIND_OF["arena_refused"]: _turn(TAKEN, RETIRED), KIND_OF["arena_created"]: _created,
    KIND_OF["arena_retired"]: _retired, KIND_OF["arena_reclaimed"]: _turn(RETIRED, RETIRED),
    KIND_OF["arena_moved"]: _set_bucket, KIND_OF["slots_taken"]: _set_word, KIND_OF["slots_given"]: _set_word,
    KIND_OF["slots_touched"]: _set_touched, KIND_OF["slots_purged"]: _set_touched,
    KIND_OF["seen_slots"]: _seen_slots, KIND_OF["seen_bucket"]: _set_bucket,
    KIND_OF["seen_touched"]: _set_touched}


class Arena:
    """One arena's events in an order in which each found what it found.

    What has been put in order is a set of numbers: all below `low`, and `above`, some beyond it.  The words follow
    from the set, so a set from which no way led on (`dead`) is not tried again, whichever way leads to it.
    """

    def __init__(self, address, is_from_start, on_step):
        self.address, self.on_step = address, on_step
        self.state = AT_START if is_from_start else UNKNOWN
        self.low = 0 if is_from_start else None
        self.above = frozenset()
        self.pending, self.dead = {}, set()
        self.undo = collections.deque()
        self.steps = self.tries = self.overtakes = 0
        self.problem = None
        self.seen = set()

    def add(self, event):
        number = event[NUMBER]
        if self.problem:
            return
        if number in self.pending or number in self.above or (self.low is not None and number < self.low):
            self.problem = f"two events have the number {number}"
            return
        self.pending[number] = event
        if len(self.pending) > LOOKAHEAD:
            self.advance(False)

    def since(self, event):
        return 0 if event[SPAN] == SPAN_UNKNOWN else event[NUMBER] - event[SPAN]

    def after(self, number):
        """The set of numbers when one more is in it."""
        if number != self.low:
            return self.low, self.above | {number}
        low, above = self.low + 1, self.above
        while low in above:
            above, low = above - {low}, low + 1
        return low, above

    def choose(self, beyond):
        """The pending event with the lowest number beyond `beyond` that may come next, and what it leads to."""
        for number in sorted(n for n in self.pending if n > beyond):
            event = self.pending[number]
            if self.since(event) > self.low:
                continue
            state = ARENA_STEPS[event[KIND]](self.state, event)
            if state is not None and self.after(number) not in self.dead:
                return event, state
        return None

    def take(self, event, state):
        number = event[NUMBER]
        self.undo.append((event, self.state, self.low, self.above))
        del self.pending[number]
        self.overtakes += number != self.low
        self.low, self.above = self.after(number)
        self.state = state
        if len(self.undo) > UNDO_MAX:
            self.settle()

    def settle(self):
        event = self.undo.popleft()[0]
        self.steps += 1
        if self.on_step is not None:
            self.on_step(self.address, event)

    def back(self):
        """Undoes steps until one can be taken otherwise; False: there is none."""
        while self.undo and self.tries < TRIES_MAX:
            self.dead.add((self.low, self.above))
            event, self.state, self.low, self.above = self.undo.pop()
            self.pending[event[NUMBER]] = event
            self.tries += 1
            other = self.choose(-1)
            if other is not None:
                self.take(*other)
                return True
        return False

    def advance(self, is_end):
        if self.low is None:
            self.low = min(self.pending)
        while self.pending and (is_end or len(self.pending) > LOOKAHEAD) and not self.problem:
            event = self.pending.get(self.low)
            state = ARENA_STEPS[event[KIND]](self.state, event) if event is not None else None
            if state is not None and (not self.dead or self.after(self.low) not in self.dead):
                self.take(event, state)
                continue
            if event is None and not is_end:
                return
            other = self.choose(-1)
            if other is not None:
                self.take(*other)
            elif not is_end and len(self.pending) < WAITING_MAX:
                return
            elif not self.back():
                self.explain()

    def explain(self):
        event = self.pending.get(self.low)
        if event is None:
            self.problem = f"the event with number {self.low} is missing"
        else:
            self.problem = (f"{KINDS[event[KIND]]} with number {self.low} does not follow from what was before: "
                            f"0x{event[BEFORE]:x} -> 0x{event[AFTER]:x}")

    def end(self):
        if self.pending and not self.problem:
            self.advance(True)
        while self.undo:
            self.settle()
