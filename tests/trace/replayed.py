#!/usr/bin/env python3
"""A recording of a stress program, replayed, ends in the states that a walk found; and what is missing is missed.

    replayed.py TREE PROGRAM [--library FILE] [--seconds N] [--seeds N...] [--threads N] [--no-faults]

The program runs with trace:FILE, on the library where one is named.  Faults: of each kind of event one is taken out
of the recording (lost), then all of a kind with their numbers closed up (a place that does not tell).  Each
must be found.
"""
import argparse
import collections
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(sys.argv[1], "tools"))

from epmalloc_command.trace import recording as form  # noqa: E402
from epmalloc_command.trace.arenas import ARENA_KINDS  # noqa: E402
from epmalloc_command.trace.recording import KIND, KIND_OF, KINDS, NUMBER, OBJECT, Recording  # noqa: E402
from epmalloc_command.trace.replay import Replay  # noqa: E402

# They change no state that a later event or the end could contradict.
HARMLESS = {KIND_OF["thread_idle"]}
# What it changes is in no state either; one that is lost leaves a gap in the numbers.
NUMBERED_ONLY = {KIND_OF["arena_reclaimed"]}


class Edited:
    """A recording with other events."""

    def __init__(self, like, events, states):
        self.like, self._events, self._states = like, events, states
        self.is_from_start, self.dropped, self.is_truncated = like.is_from_start, like.dropped, like.is_truncated
        self.classes, self.state_pieces = like.classes, like.state_pieces

    def events(self):
        return iter(self._events)

    def states(self):
        return iter(self._states)


def record(arguments, seed, path):
    environment = dict(os.environ, EPMALLOC_CONF=f"trace:{path}")
    if arguments.library:
        environment["LD_PRELOAD"] = arguments.library
    command = [arguments.program, "--seconds", str(arguments.seconds), "--threads", str(arguments.threads),
               "--seed", str(seed), "--patience", "600"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{command} ended with {run.returncode}:\n{run.stdout}{run.stderr}")
    return Recording(path)


def check(recording, arguments):
    result = Replay(recording).run()
    assert result.is_exact, "not exact: " + "\n".join(result.problems[:20] or [f"{recording.dropped} dropped"])
    assert recording.is_from_start
    assert result.compared["pools and runs"] > 0 and result.compared["arenas"] > 0, result.compared
    return result


def close_up(events):
    """Gives the events of each arena numbers without gaps, in their order."""
    numbers = collections.defaultdict(list)
    for event in events:
        if event[KIND] in ARENA_KINDS or KINDS[event[KIND]] in ("seen_slots", "seen_bucket", "seen_touched"):
            numbers[event[OBJECT]].append(event[NUMBER])
    places = {arena: {number: place for place, number in enumerate(sorted(seen))} for arena, seen in numbers.items()}
    closed = []
    for event in events:
        place = places.get(event[OBJECT], {}).get(event[NUMBER])
        is_arenas = event[KIND] in ARENA_KINDS or KINDS[event[KIND]].startswith("seen_")
        closed.append(event[:NUMBER] + (place,) + event[NUMBER + 1:] if is_arenas and place is not None and
                      KINDS[event[KIND]] not in ("seen_pool", "seen_run") else event)
    return closed


def faults(recording, events, states):
    """What is wrong, and the events and states that say it."""
    by_kind = collections.defaultdict(list)
    for place, event in enumerate(events):
        by_kind[event[KIND]].append(place)
    for kind, places in sorted(by_kind.items()):
        if kind in HARMLESS:
            continue
        lost = places[len(places) // 2]
        yield f"one {KINDS[kind]} lost", events[:lost] + events[lost + 1:], states
        if kind in NUMBERED_ONLY:
            continue
        rest = [event for event in events if event[KIND] != kind]
        both = close_up(rest + states)
        yield f"no {KINDS[kind]} told", both[:len(rest)], both[len(rest):]


def seed_faults(recording):
    events, states = list(recording.events()), list(recording.states())
    found = 0
    for what, left, seen in faults(recording, events, states):
        result = Replay(Edited(recording, left, seen)).run()
        assert not result.is_exact, f"{what}, and the replay says exact"
        found += 1
    # What the end says is compared too.
    for place, state in enumerate(states):
        if KINDS[state[KIND]] == "seen_pool" and form.word_state(state[form.AFTER]) == form.PARTIAL:
            break
    word = state[form.AFTER] ^ 1 << 30
    changed = state[:form.BEFORE] + (word, word) + state[form.NUMBER:]
    assert not Replay(Edited(recording, events, states[:place] + [changed] + states[place + 1:])).run().is_exact
    return found + 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tree")
    parser.add_argument("program")
    parser.add_argument("--library")
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--no-faults", action="store_true", help="only that the recording is exact")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for seed in arguments.seeds:
            recording = record(arguments, seed, os.path.join(folder, f"{seed}.trace"))
            result = check(recording, arguments)
            print(f"seed {seed}: {sum(result.counts):,} events, {dict(result.compared)}")
        if not arguments.no_faults:
            print(f"{seed_faults(recording)} faults found")


main()
