#!/usr/bin/env python3
"""Arenas' events are put in order, whatever the threads' steps were: simulated threads take and give slots of one
word, each in four steps (read `since`, change the word, take a number, tell), in a random interleaving.

What must hold: an order is found in which each change finds what it found, and the last state is the word's; with an
event taken out, or left out as if there were no hook, there is none.  Argument: the source tree.
"""
import os
import random
import sys

sys.path.insert(0, os.path.join(sys.argv[1], "tools"))

from epmalloc_command.trace.arenas import ALL, AT_START, Arena, IN_USE  # noqa: E402
from epmalloc_command.trace.recording import KIND_OF, NUMBER  # noqa: E402

SLOTS = 6
ADDRESS = 4 << 20


class Simulation:
    def __init__(self, seed, threads, changes):
        self.random = random.Random(seed)
        self.word, self.events, self.told = ALL, 0, []
        self.time = 0
        self.left = changes
        running = [self.thread() for _ in range(threads)]
        while running:
            # Some threads are stopped for long.
            one = self.random.choice(running[:1 + self.random.randrange(len(running))])
            if next(one, None) is None:
                running.remove(one)

    def tell(self, since, number, before, after, kind):
        self.time += 1
        self.told.append((self.time, ADDRESS, before, after, number, 1, number - since, KIND_OF[kind], 0))

    def thread(self):
        held = []
        while self.left > 0 or held:
            self.left -= 1
            gives = held and (self.left <= 0 or self.random.random() < 0.5)
            slot = held.pop() if gives else self.random.randrange(SLOTS)
            since = self.events
            yield True
            before = self.word
            after = self.word = before | 1 << slot if gives else before & ~(1 << slot)
            if after == before:
                continue
            yield True
            number, self.events = self.events, self.events + 1
            yield True
            self.tell(since, number, before, after, "slots_given" if gives else "slots_taken")
            if not gives:
                held.append(slot)


def put_in_order(events):
    arena = Arena(ADDRESS, False, None)
    arena.state = AT_START._replace(word=ALL, life=IN_USE)
    arena.low = 0
    for event in events:
        arena.add(event)
    arena.end()
    return arena


def renumbered(events):
    """As if the first event that is missing had never had a number."""
    numbers = {number: place for place, number in enumerate(sorted(event[NUMBER] for event in events))}
    return [event[:NUMBER] + (numbers[event[NUMBER]],) + event[NUMBER + 1:] for event in events]


def main():
    overtakes = tries = faults = 0
    for seed in range(120):
        simulation = Simulation(seed, 2 + seed % 7, 600)
        arena = put_in_order(simulation.told)
        assert arena.problem is None, (seed, arena.problem)
        assert arena.state.word == simulation.word == ALL, seed
        assert arena.steps == len(simulation.told), seed
        overtakes += arena.overtakes
        tries += arena.tries
        lost = simulation.random.randrange(len(simulation.told))
        rest = simulation.told[:lost] + simulation.told[lost + 1:]
        assert put_in_order(rest).problem is not None, f"seed {seed}: a lost event is not seen"
        assert put_in_order(renumbered(rest)).problem is not None, f"seed {seed}: an event without a hook is not seen"
        faults += 2
    assert overtakes > 1000 and tries > 0, (overtakes, tries)
    print(f"ok: {overtakes} events came before one with a lower number, {tries} were tried otherwise, "
          f"{faults} faults seen")


main()
