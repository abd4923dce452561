"""epmalloc trace record|replay|filter|summarise.

    epmalloc trace record -o run.trace -- python3 app.py
    epmalloc trace replay run.trace
    epmalloc trace filter run.trace --kind arena_created arena_retired --from 1.5
    epmalloc trace summarise run.trace
"""
import argparse
import collections
import json
import os
import subprocess
import sys
import time

from .. import Failure, connection
from ..commands.run import find_library
from . import recording as form
from .recording import Recording
from .replay import Replay

PROBLEMS_SHOWN = 20


def record(arguments):
    path = os.path.abspath(arguments.output)
    if "," in path:
        raise Failure(f"{path}: the name of a recording must not hold a comma")
    if arguments.pid is not None:
        return record_process(arguments, path)
    if not arguments.program:
        raise Failure("which program is to be recorded? Or name a process by --pid")
    environment = dict(os.environ)
    options = [environment.get("EPMALLOC_CONF"), arguments.conf, f"trace:{path}"]
    environment["EPMALLOC_CONF"] = ",".join(option for option in options if option)
    preload = [arguments.library or find_library(), environment.get("LD_PRELOAD")]
    environment["LD_PRELOAD"] = ":".join(entry for entry in preload if entry)
    words = arguments.program[1:] if arguments.program[0] == "--" else arguments.program
    try:
        status = subprocess.run(words, env=environment).returncode
    except OSError as failure:
        raise Failure(f"{words[0]}: {failure.strerror}") from None
    if not os.path.exists(path):
        raise Failure(f"{words[0]} has recorded nothing: does it allocate, and is it not set-user-ID?")
    return status if status >= 0 else 128 - status


def record_process(arguments, path):
    """A running process writes the file; what was under way when it began may be missing."""
    connection.ask(arguments.pid, f"trace start {path}")
    try:
        time.sleep(arguments.seconds)
    finally:
        connection.ask(arguments.pid, "trace stop")
    return 0


def replay(arguments):
    recording = Recording(arguments.file)
    result = Replay(recording).run()
    is_compared = bool(recording.state_pieces)
    if arguments.json:
        json.dump({"events": sum(result.counts), "dropped": recording.dropped, "exact": result.is_exact,
                   "truncated": recording.is_truncated, "compared": dict(result.compared) if is_compared else None,
                   "overtakes": result.overtakes, "problems": result.problems}, sys.stdout, indent=2)
        print()
    else:
        print_replay(recording, result, is_compared)
    return 0 if result.is_exact and is_compared else 1


def print_replay(recording, result, is_compared):
    print(f"{sum(result.counts):,} events of {len(recording.rings)} rings, {recording.dropped:,} dropped")
    if recording.is_truncated:
        print("the file ends in the middle of a chunk")
    if is_compared:
        print("compared with the end: " + ", ".join(f"{count:,} {what}" for what, count in result.compared.items()))
    else:
        print("no states at the end to compare with: the program was killed, or did not call ep_trace_stop()")
    for problem in result.problems[:PROBLEMS_SHOWN]:
        print(problem)
    if len(result.problems) > PROBLEMS_SHOWN:
        print(f"and {len(result.problems) - PROBLEMS_SHOWN:,} more")
    if result.is_exact:
        print("exact: every event follows from those before" + (", and the end is the same" if is_compared else ""))
    elif not result.problems:
        print("not exact: events are missing")


def describe(event, start_ns):
    kind = form.KINDS[event[form.KIND]]
    line = f"{(event[form.TIME] - start_ns) / 1e9:12.6f} {event[form.THREAD]:8} {kind:18}"
    if kind.startswith("thread"):
        return f"{line} id {event[form.AFTER]}"
    line += f" 0x{event[form.OBJECT]:x} #{event[form.NUMBER]}"
    if kind.startswith(("arena", "slots")):
        return f"{line} {describe_words(kind, event)}"
    if kind.startswith("huge") or kind in ("pool_carved", "pool_uncarved", "run_resized"):
        return f"{line} {event[form.BEFORE]} -> {event[form.AFTER]}"
    owner = f"class {event[form.CLASS]}" if event[form.CLASS] != form.CLASS_NONE else "run"
    states = " -> ".join(form.STATE_NAMES[form.word_state(event[i])] for i in (form.BEFORE, form.AFTER))
    return f"{line} {owner}, {event[form.SPAN]} slots, {states}"


def describe_words(kind, event):
    if kind == "arena_moved":
        return f"bucket {event[form.BEFORE]} -> {event[form.AFTER]}"
    return f"{event[form.BEFORE]:016x} -> {event[form.AFTER]:016x}"


def make_filter(arguments, start_ns):
    kinds = {form.KIND_OF[kind] for kind in arguments.kind or ()}
    first = start_ns + int(arguments.first * 1e9)
    last = start_ns + int(arguments.last * 1e9) if arguments.last is not None else None

    def is_wanted(event):
        if kinds and event[form.KIND] not in kinds:
            return False
        if arguments.thread is not None and event[form.THREAD] != arguments.thread:
            return False
        if arguments.arena is not None and event[form.OBJECT] >> form.ARENA_LOG2 != arguments.arena >> form.ARENA_LOG2:
            return False
        return event[form.TIME] >= first and (last is None or event[form.TIME] <= last)
    return is_wanted


def filter_events(arguments):
    recording = Recording(arguments.file)
    start_ns = recording.header[form.HEADER_MONOTONIC]
    is_wanted = make_filter(arguments, start_ns)
    if arguments.output:
        with open(arguments.output, "wb") as file:
            form.copy(recording, file, is_wanted)
        return 0
    for event in recording.events():
        if is_wanted(event):
            print(describe(event, start_ns))
    return 0


class Summary:
    def __init__(self, recording):
        self.kinds, self.threads, self.acquired = collections.Counter(), collections.Counter(), collections.Counter()
        self.arenas = self.arenas_most = self.carved_bytes = 0
        self.first = self.last = None
        for event in recording.events():
            self.add(event, recording)

    def add(self, event, recording):
        kind = form.KINDS[event[form.KIND]]
        self.first = event[form.TIME] if self.first is None else self.first
        self.last = event[form.TIME]
        self.kinds[kind] += 1
        self.threads[event[form.THREAD]] += 1
        if kind == "arena_created":
            self.arenas += 1
            self.arenas_most = max(self.arenas_most, self.arenas)
        elif kind == "arena_retired":
            self.arenas -= 1
        elif kind == "pool_acquired":
            self.acquired[event[form.CLASS]] += 1
        elif kind == "pool_carved":
            blocks = max(event[form.AFTER] - event[form.BEFORE], 0)
            self.carved_bytes += blocks * recording.block_bytes(event[form.CLASS])


def summarise(arguments):
    recording = Recording(arguments.file)
    summary = Summary(recording)
    seconds = (summary.last - summary.first) / 1e9 if summary.first is not None else 0
    events = sum(summary.kinds.values())
    print(f"{events:,} events in {seconds:.3f} s of process {recording.process}, {recording.dropped:,} dropped, "
          f"{len(summary.threads):,} threads")
    print(f"arenas in use at once, at most: {summary.arenas_most:,}; at the end: {summary.arenas:,}")
    print(f"carved: {summary.carved_bytes / (1 << 20):,.1f} MiB")
    print(f"\n{'event':18} {'count':>12} {'a second':>12}")
    for kind in form.KINDS:
        if summary.kinds[kind]:
            rate = summary.kinds[kind] / seconds if seconds else 0
            print(f"{kind:18} {summary.kinds[kind]:12,} {rate:12,.1f}")
    print(f"\n{'thread':>8} {'events':>12}")
    for thread, count in summary.threads.most_common(arguments.top):
        print(f"{thread:8} {count:12,}")
    print(f"\n{'class':>5} {'block':>8} {'pools acquired':>15}")
    for index, count in summary.acquired.most_common(arguments.top):
        print(f"{index:5} {recording.block_bytes(index):8,} {count:15,}")
    return 0


def add_parsers(parser):
    commands = parser.add_subparsers(dest="trace_command", required=True, metavar="COMMAND")
    one = commands.add_parser("record", help="runs a program, or asks a running process, and records")
    one.add_argument("-o", "--output", default="epmalloc.trace", metavar="FILE", help="default: %(default)s")
    one.add_argument("--library", metavar="FILE", help="libepmalloc.so")
    one.add_argument("--conf", metavar="KEY:VALUE,...", help="more options, as in EPMALLOC_CONF")
    one.add_argument("--pid", type=connection.process_id, help="a process whose endpoint is open, instead of a program")
    one.add_argument("--seconds", type=float, default=10, help="how long the process is recorded; default: %(default)s")
    one.add_argument("program", nargs=argparse.REMAINDER, metavar="-- PROGRAM ARGUMENT...")
    one.set_defaults(run_trace=record)
    one = commands.add_parser("replay", help="reconstructs all states and compares them with those at the end")
    one.add_argument("--json", action="store_true", help="the result as JSON")
    one.add_argument("file", metavar="FILE")
    one.set_defaults(run_trace=replay)
    one = commands.add_parser("filter", help="prints some of the events, or writes them as a recording")
    one.add_argument("file", metavar="FILE")
    one.add_argument("--kind", nargs="+", choices=form.KINDS[1:], metavar="EVENT", help=", ".join(form.KINDS[1:29]))
    one.add_argument("--thread", type=int, help="the kernel's number")
    one.add_argument("--arena", type=lambda text: int(text, 0), metavar="ADDRESS", help="what lies in its 4 MiB")
    one.add_argument("--from", dest="first", type=float, default=0, metavar="SECONDS", help="since the recording began")
    one.add_argument("--to", dest="last", type=float, metavar="SECONDS")
    one.add_argument("-o", "--output", metavar="FILE", help="writes a recording")
    one.set_defaults(run_trace=filter_events)
    one = commands.add_parser("summarise", help="counts events by kind, thread and class")
    one.add_argument("--top", type=int, default=10, help="rows of a table; default: %(default)s")
    one.add_argument("file", metavar="FILE")
    one.set_defaults(run_trace=summarise)
