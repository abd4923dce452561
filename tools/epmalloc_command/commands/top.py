"""epmalloc top."""
import curses
import sys
import time

from .. import Failure, connection, heap
from ..text import number, percent, size, table

HELP = "shows the heap of a running process, again and again"
VIEWS = ("classes", "arenas", "threads")
RATES = (("refills", "refills"), ("pools_acquired", "pools acquired"), ("pools_claimed", "claimed"),
         ("pools_adopted", "adopted"), ("remote_batches", "remote batches"), ("remote_blocks", "remote blocks"))
KEYS = "q quit  c classes  a arenas  t threads  p pause  + - interval  m trim"


def add_arguments(parser):
    parser.add_argument("pid", type=connection.process_id, metavar="PID")
    parser.add_argument("--view", choices=VIEWS, default="classes", help="what is listed first (default: classes)")
    parser.add_argument("--interval", type=float, default=1.0, metavar="SECONDS", help="default: 1")
    parser.add_argument("--once", action="store_true", help="print once, with rates over the interval, and end")


class Sample:
    def __init__(self, pid, view):
        parts = {"classes": " classes", "threads": " threads", "arenas": ""}[view]
        answer = connection.ask_json(pid, f"stats json process{parts}")
        self.time = time.monotonic()
        self.process = answer["process"]
        self.rows = {"classes": answer.get("classes"), "threads": answer.get("threads"),
                     "arenas": heap.take(pid) if view == "arenas" else None}[view]


def rate(now, before, name):
    """Per second, between two samples of the process."""
    if before is None or now.time <= before.time:
        return 0.0
    return (now.process[name] - before.process[name]) / (now.time - before.time)


def head_lines(pid, now, before):
    process = now.process
    rates = ", ".join(f"{words} {rate(now, before, name):,.0f}" for name, words in RATES)
    return [
        f"{(connection.read_proc(pid, 'comm') or '').strip()} ({pid})   threads {process['threads']}   "
        f"arenas {process['arenas']} (most {process['arenas_highwater']}, retired {process['arenas_retired']})",
        f"allocated {size(process['allocated_bytes'])}"
        + (f" (of it perhaps free {size(process['uncertain_bytes'])})" if process["uncertain_bytes"] else "")
        + f"   active {size(process['active_bytes'])}   resident at most {size(process['resident_bytes'])}   "
        f"mapped {size(process['mapped_bytes'])}   retained {size(process['retained_bytes'])}",
        f"a second: {rates}, given back {size(rate(now, before, 'purged_bytes'))}",
        "",
    ]


def class_lines(now, before):
    previous = {row["index"]: row for row in (before.rows if before else None) or ()}
    seconds = now.time - before.time if before else 0
    rows = [["block size", "pools", "owned", "full", "partial", "in use", "available", "of it perhaps free", "refills/s",
             "remote/s"]]
    for row in sorted(now.rows, key=lambda row: row["blocks_in_use"] * row["block_bytes"], reverse=True):
        old = previous.get(row["index"], row)
        rows.append([str(row["block_bytes"]), number(row["pools_owned"] + row["pools_full"] + row["pools_partial"]),
                     number(row["pools_owned"]), number(row["pools_full"]), number(row["pools_partial"]),
                     size(row["blocks_in_use"] * row["block_bytes"]), size(row["blocks_available"] * row["block_bytes"]),
                     size(row["blocks_uncertain"] * row["block_bytes"]),
                     *(f"{(row[name] - old[name]) / seconds:,.0f}" if seconds else "-"
                       for name in ("refills", "remote_blocks"))])
    return table(rows)


def arena_lines(now, _):
    rows = [["arena", "usable", "free pools", "of them in memory", "blocks in use, at most", "age", "pools"]]
    for arena in now.rows.by_usable_order():
        live = sum(pool.live_bytes for pool in arena.pools)
        rows.append([str(arena.id), str(arena.occupancy) if arena.free_slots else "-", str(arena.free_slots),
                     str((arena.free_mask & arena.dirty_mask).bit_count()),
                     f"{size(live)} {percent(live, now.rows.arena_bytes)}", f"{arena.age_ms / 1000:.1f} s",
                     "".join(draw_slots(arena, now.rows))])
    return table(rows, left=(0, 6))


def draw_slots(arena, taken):
    """A letter a slot: o owned, f full, p partly free, r run, . free, : free and in memory."""
    letters = [(":" if arena.dirty_mask >> slot & 1 else ".") if arena.free_mask >> slot & 1 else "?"
               for slot in range(taken.arena_bytes // taken.slot_bytes)]
    for pool in arena.pools:
        letters[pool.slot:pool.slot + pool.slots] = pool.state[0] * pool.slots
    return letters


def thread_lines(now, _):
    rows = [["thread", "id", "holds free, at most", "of others"]]
    rows += [[str(row["task"]), str(row["id"]), size(row["held_bytes"]), size(row["withheld_bytes"])]
             for row in sorted(now.rows, key=lambda row: row["held_bytes"], reverse=True)]
    return table(rows)


LISTS = {"classes": class_lines, "arenas": arena_lines, "threads": thread_lines}


def print_once(arguments):
    before = Sample(arguments.pid, arguments.view)
    time.sleep(arguments.interval)
    now = Sample(arguments.pid, arguments.view)
    print("\n".join(head_lines(arguments.pid, now, before) + LISTS[arguments.view](now, before)))


class Screen:
    """The terminal program: one sample an interval, and keys."""

    def __init__(self, window, arguments):
        self.window, self.pid = window, arguments.pid
        self.view, self.interval = arguments.view, max(0.1, arguments.interval)
        self.paused, self.message = False, KEYS
        self.now = self.before = None

    def take(self):
        before = self.now
        self.now = Sample(self.pid, self.view)
        self.before = before

    def draw(self):
        height, width = self.window.getmaxyx()
        lines = head_lines(self.pid, self.now, self.before) + LISTS[self.view](self.now, self.before)
        self.window.erase()
        for y, line in enumerate(lines[:height - 1]):
            self.window.addnstr(y, 0, line, width - 1, curses.A_REVERSE if y == 4 else curses.A_NORMAL)
        self.window.addnstr(height - 1, 0, self.message, width - 1, curses.A_DIM)
        self.window.refresh()

    def show(self, view):
        """Samples of another view have other rows; their rates begin anew."""
        self.view, self.now = view, None

    def press(self, key):
        """False: the end."""
        views = {ord(view[0]): view for view in VIEWS}
        if key == ord("q"):
            return False
        if key in views:
            self.show(views[key])
        elif key == ord("p"):
            self.paused = not self.paused
            self.message = "paused: p goes on" if self.paused else KEYS
        elif key in (ord("+"), ord("-")):
            self.interval = min(60.0, max(0.1, self.interval * (0.5 if key == ord("-") else 2)))
            self.message = f"interval {self.interval:g} s"
        elif key == ord("m"):
            released = connection.ask_json(self.pid, "trim")["released_bytes"]
            self.message = f"{size(released)} given back"
        return True

    def run(self):
        self.window.nodelay(False)
        while True:
            if not self.paused or self.now is None:
                self.take()
            self.draw()
            self.window.timeout(int(self.interval * 1000))
            if not self.press(self.window.getch()):
                return


def run(arguments):
    if arguments.once:
        return print_once(arguments)
    if not sys.stdout.isatty() or not sys.stdin.isatty():
        raise Failure("top needs a terminal; without one use --once")
    Sample(arguments.pid, arguments.view)
    curses.wrapper(lambda window: Screen(window, arguments).run())
    return 0
