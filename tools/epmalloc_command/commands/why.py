"""epmalloc why."""
import collections
import glob
import os
import re

from .. import Failure, connection, heap
from ..text import number, percent, plural, size, table

HELP = "explains why the memory of a running process does not shrink"
# An arena that so few pools hold back is worth a line.
FEW_POOLS = 8
LINES_MAX = 8


def add_arguments(parser):
    parser.add_argument("pid", type=connection.process_id, metavar="PID")


class Findings:
    """What was asked, and sums over it; all figures in bytes unless their names say otherwise."""

    def __init__(self, pid):
        self.pid = pid
        everything = connection.ask_json(pid, "stats json process threads")
        self.process, self.threads = everything["process"], everything["threads"]
        self.heap = heap.take(pid)
        if not self.heap.is_residency_known:
            raise Failure(f"process {pid}: /proc/{pid}/pagemap cannot be read, so nobody can tell what is in memory")
        self.live_pages = read_live_pages(pid)
        status = connection.read_proc(pid, "status")
        self.rss = int(re.search(r"^VmRSS:\s*(\d+) kB", status, re.M).group(1)) * 1024
        self.dirty = self.heap.dirty_free_bytes()
        self.cached = self.process["huge_cached_bytes"]
        self.classes = collections.defaultdict(ClassSum)
        for arena in self.heap.arenas:
            for pool in arena.pools:
                if pool.class_index >= 0:
                    self.classes[pool.class_index].add(pool, self)

    @property
    def in_heap(self):
        return self.heap.resident_bytes() + self.process["huge_bytes"] + self.cached

    def total(self, name):
        return sum(getattr(one, name) for one in self.classes.values())


class ClassSum:
    """Pools of one class."""

    def __init__(self):
        self.pools = self.resident = self.live = self.live_blocks = 0
        self.empty_pages = self.hidden = self.hidden_live = 0

    def add(self, pool, findings):
        page_bytes = findings.heap.page_bytes
        resident = pool.resident_pages * page_bytes
        self.pools += 1
        self.resident += resident
        if not pool.exact:
            self.hidden += resident
            self.hidden_live += min(resident, pool.live_bytes)
            return
        self.live += pool.live_bytes
        self.live_blocks += pool.live
        first = (pool.start - pool.arena.start) // page_bytes
        live = findings.live_pages.get(pool.start)
        if live is not None:
            in_memory = pool.arena.pages[first:first + pool.bytes // page_bytes]
            self.empty_pages += sum(1 for is_in, is_live in zip(in_memory, live) if is_in and not is_live) * page_bytes

    @property
    def shared(self):
        """Free bytes on pages that also hold a block in use."""
        return max(0, self.resident - self.hidden - self.empty_pages - self.live)


def read_live_pages(pid):
    """For each pool whose blocks are known: whether a block in use overlaps each of its pages."""
    pages = {}
    for start, _, _, exact, digits in connection.ask_json(pid, "pages")["pools"]:
        if exact:
            pages[start] = [int(digit, 16) >> i & 1 for digit in digits for i in range(4)]
    return pages


def tell_sum(findings):
    process = findings.process
    name = findings.heap.name
    most, least = process["allocated_bytes"], process["allocated_bytes"] - process["uncertain_bytes"]
    return [f"{name} ({findings.pid}) has {size(findings.rss)} in memory; {size(findings.in_heap)} of it are epmalloc's "
            f"heap, {size(process['metadata_bytes'])} at most its tables, the rest is the program's own.",
            f"Of the heap the program has at least {size(least)} in use"
            + (f" (at most {size(most)}: what running threads hold free is known to them only)" if most > least else "")
            + ". The rest is free, and in memory because it is:"]


def tell_parts(findings):
    empty, shared, hidden = (findings.total(what) for what in ("empty_pages", "shared", "hidden"))
    held = sum(thread["held_bytes"] + thread["withheld_bytes"] for thread in findings.threads)
    rows = [
        (shared, "on pages of ownerless pools that also hold a block in use: goes when those blocks are freed"),
        (empty, "on whole pages of ownerless pools that are partly in use"),
        (findings.dirty, "in free pools, kept for the next burst (option retain)"),
        (findings.cached, "freed blocks above 1 MiB, kept for the next (option huge_cache)"),
        (min(held, hidden), "at most, among the blocks of pools that threads own (threads: below)"),
    ]
    return table([[f"  {size(count)}", words] for count, words in sorted(rows, reverse=True) if count], left=(1,))


def tell_trim(findings):
    now = findings.dirty + findings.cached + findings.total("empty_pages")
    lines = [f"malloc_trim() or `epmalloc trim {findings.pid}` would return {size(now)} now."]
    if now > findings.rss // 20:
        lines.append("The helper thread returns it when it has been idle for some seconds; a smaller retain keeps less "
                     "(retain:0,retain_percent:0: nothing).")
    return lines


def tell_classes(findings):
    ranked = sorted(findings.classes.items(), key=lambda item: item[1].resident - item[1].live, reverse=True)
    rows = [["  block size", "pools", "in memory", "of threads", "ownerless", "in use", "free beside blocks", "free pages"]]
    for index, one in ranked[:LINES_MAX]:
        known = one.resident - one.hidden
        rows.append([f"  {findings.heap.classes[index]['block_bytes']} bytes", number(one.pools), size(one.resident),
                     size(one.hidden), size(known), percent(one.live, known), size(one.shared), size(one.empty_pages)])
    if len(rows) == 1:
        return []
    return ["", "By block size, most memory first (what is in use in pools that threads own is not known):", *table(rows),
            *tell_scatter(findings, ranked)]


def tell_scatter(findings, ranked):
    """The one thing that no allocator can do: move blocks."""
    scattered = [(index, one) for index, one in ranked
                 if one.shared > 1 << 20 and one.live * 2 < one.live + one.shared]
    if not scattered:
        return []
    index, one = max(scattered, key=lambda item: item[1].shared)
    pages = (one.resident - one.hidden - one.empty_pages) // findings.heap.page_bytes
    return [f"  Blocks of {findings.heap.classes[index]['block_bytes']} bytes are scattered: {number(one.live_blocks)} in use "
            f"lie on {number(pages)} pages, {one.live_blocks / pages:.1f} a page where "
            f"{findings.heap.page_bytes / findings.heap.classes[index]['block_bytes']:.1f} would fit.",
            "  Blocks do not move. Only the program can gather them: by a copy of what is left, its own defragmentation, "
            "a restart."]


def describe_pin(arena, classes):
    """What holds an arena back: blocks of which sizes."""
    blocks = collections.Counter()
    for pool in arena.pools:
        blocks["runs" if pool.class_index < 0 else classes[pool.class_index]["block_bytes"]] += pool.live
    words = [f"{number(count)} of {kind} bytes" if kind != "runs" else plural(count, "block") + " above 32 KiB"
             for kind, count in blocks.most_common(4)]
    return ", ".join(words) + (f" and {len(blocks) - 4} more sizes" if len(blocks) > 4 else "")


def tell_arenas(findings):
    arenas = findings.heap.arenas
    resident = {id(arena): sum(arena.pages) * findings.heap.page_bytes for arena in arenas}
    lines = ["", f"{plural(len(arenas), 'arena')} of 4 MiB; an arena goes back whole when its last pool is free."]
    held = [arena for arena in arenas if 0 < len(arena.pools) <= FEW_POOLS]
    if held:
        lines.append(f"{plural(len(held), 'arena')} with {size(sum(resident[id(arena)] for arena in held))} in memory "
                     f"would go if at most {FEW_POOLS} pools each were freed. Blocks that hold them back:")
        for arena in sorted(held, key=lambda arena: -resident[id(arena)])[:LINES_MAX]:
            lines.append(f"  arena {arena.id}: {plural(len(arena.pools), 'pool')}, {size(resident[id(arena)])} in memory: "
                         f"{describe_pin(arena, findings.heap.classes)}")
    else:
        counts = collections.Counter(min(3, (len(arena.pools) - 1) // 16) for arena in arenas if arena.pools)
        words = [f"{counts[i]} with {16 * i + 1} to {16 * i + 16}" for i in range(4) if counts[i]]
        lines.append("None is held back by few pools; pools in use of their 64: " + ", ".join(words) + ".")
    return lines


def processor_seconds(pid, task):
    """The name, the state and the processor time of a thread; None: it is not this process's (a forked child's list)."""
    try:
        with open(f"/proc/{pid}/task/{task}/stat", encoding="utf-8", errors="replace") as file:
            head, _, tail = file.read().rpartition(")")
    except OSError:
        return None
    fields = tail.split()
    ticks = int(fields[11]) + int(fields[12])
    return head.partition("(")[2], fields[0], ticks / os.sysconf("SC_CLK_TCK")


def tell_threads(findings):
    rows = [["  thread", "name", "holds free, at most", "bound", "pools it allocates from", "state"]]
    for thread in sorted(findings.threads, key=lambda one: -one["held_bytes"])[:LINES_MAX]:
        known = processor_seconds(findings.pid, thread["task"])
        state = "gone (of the process that forked)" if known is None else \
            ("runs" if known[1] == "R" else "sleeps") + f", {known[2]:.1f} s of processor time"
        rows.append([f"  {thread['task']}", known[0] if known else "", size(thread["held_bytes"] + thread["withheld_bytes"]),
                     size(thread["bound_bytes"]), size(thread["current_bytes"]), state])
    lines = ["", f"{plural(len(findings.threads), 'thread')} with a cache:", *table(rows, left=(0, 1))]
    if any(thread["held_bytes"] > 1 << 20 for thread in findings.threads):
        lines.append("  A thread that is going to sleep gives this up by ep_thread_idle(); thread_bytes and thread_percent "
                     "bound it.")
    return lines


def tell_waiting(findings):
    calls = findings.process["deferred_calls"]
    return ["", f"{plural(calls, 'deferred call')} wait for a grace period."] if calls else []


def run(arguments):
    if not glob.glob(f"/proc/{arguments.pid}"):
        raise Failure(f"process {arguments.pid}: there is no such process")
    findings = Findings(arguments.pid)
    for part in (tell_sum, tell_parts, tell_trim, tell_classes, tell_arenas, tell_threads, tell_waiting):
        print("\n".join(part(findings)))
