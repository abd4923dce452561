"""Workloads of Python programs for bench/python, each with fixed work: python_set.py NAME.

What they are made after is the programs of pyperformance, which cannot be fetched without a network: churn of
objects, heavy use of dictionaries and lists, json, regular expressions, classes with and without slots, dataclasses,
coroutines, text, and threads in C code that releases the global lock. Each ends in a checksum, so that a wrong byte
shows."""
import asyncio
import dataclasses
import hashlib
import json
import re
import sqlite3
import sys
import threading
import zlib


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)


class Slotted:
    __slots__ = ("x", "y", "next")

    def __init__(self, x, y, following):
        self.x, self.y, self.next = x, y, following


@dataclasses.dataclass(order=True)
class Record:
    key: int
    name: str
    tags: list = dataclasses.field(default_factory=list)


def instances():
    """Objects with a dictionary, most of which die at once."""
    total = Point(0, 0)
    for i in range(600000):
        total = total + Point(i, i + 1)
    return total.x + total.y


def slots():
    """Lists of linked objects, built and dropped."""
    total = 0
    for _ in range(8):
        head = None
        for i in range(60000):
            head = Slotted(i, i * 2.5, head)
        while head is not None:
            total += head.x
            head = head.next
    return total


def tree():
    """Binary trees of tuples."""
    def make(depth):
        return (make(depth - 1), make(depth - 1)) if depth else (None, None)

    def count(node):
        return 1 if node[0] is None else 1 + count(node[0]) + count(node[1])

    return sum(count(make(14)) for _ in range(9))


def dictionaries():
    """Dictionaries that grow, are copied and are emptied."""
    total = 0
    for turn in range(35):
        words = {f"key-{i}": i for i in range(8000)}
        groups = {}
        for key, value in words.items():
            groups.setdefault(value % 97, {})[key] = value + turn
        merged = {**words, **groups[turn]}
        total += len(merged) + sum(len(group.copy()) for group in groups.values())
    return total


def lists():
    """Lists that grow by append, are sliced, sorted and joined."""
    total = 0
    for turn in range(7):
        rows = [[i * j % 101 for j in range(i % 20)] for i in range(20000)]
        rows.sort(key=len)
        flat = [x for row in rows for x in row]
        halves = flat[::2] + flat[1::2]
        total += len(halves) + halves[turn]
    return total


def text():
    """Short strings: split, joined, replaced, formatted."""
    total = 0
    for turn in range(14):
        words = " ".join(f"{i}:{i * 7919 % 10007:x}" for i in range(14000)).split()
        pairs = dict(word.split(":") for word in words)
        joined = ",".join(sorted(value.upper() + key for key, value in pairs.items()))
        total += len(joined.replace("A", "..")) + turn
    return total


def documents():
    """json both ways."""
    total = 0
    rows = [{"id": i, "name": f"item-{i}", "tags": [str(i % 7), str(i % 11)], "price": i * 1.25, "on": None}
            for i in range(6000)]
    for _ in range(12):
        again = json.loads(json.dumps({"items": rows}))
        total += sum(row["id"] for row in again["items"])
    return total


def expressions():
    """Regular expressions over lines of a log."""
    lines = [f"2024-01-{i % 28 + 1:02} host{i % 50} GET /path/{i}?q={i * 31 % 997} {200 + i % 5} {i * 17 % 9999}"
             for i in range(9000)]
    pattern = re.compile(r"(\d+)-(\d+)-(\d+) (\w+) (GET|PUT) (/\S+)\?q=(\d+) (\d+) (\d+)")
    total = 0
    for _ in range(8):
        for line in lines:
            found = pattern.match(line).groupdict() or pattern.match(line).groups()
            total += int(found[8])
        total += len(re.sub(r"\d", "", lines[0]))
    return total


def records():
    """Dataclasses: made, compared, replaced, turned into dictionaries."""
    total = 0
    for turn in range(2):
        rows = [Record(i * 7919 % 10007, f"name{i}", [turn, i]) for i in range(9000)]
        rows.sort()
        rows = [dataclasses.replace(row, key=row.key + 1) for row in rows]
        total += sum(len(dataclasses.asdict(row)["tags"]) + row.key for row in rows)
    return total


def coroutines():
    """Tasks that pass things through a queue."""
    async def produce(queue, count):
        for i in range(count):
            await queue.put((i, str(i)))
        await queue.put(None)

    async def consume(queue):
        total = 0
        while (thing := await queue.get()) is not None:
            total += thing[0] + len(thing[1])
            await asyncio.sleep(0)
        return total

    async def pair():
        queue = asyncio.Queue(10)
        results = await asyncio.gather(produce(queue, 1000), consume(queue))
        return results[1]

    async def work():
        return sum(await asyncio.gather(*(pair() for _ in range(20))))

    return asyncio.run(work())


def in_threads(count, work):
    results = [0] * count

    def run(n):
        results[n] = work(n)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(results)


def hashing(n):
    block = bytes(range(256)) * 64
    total = n
    for i in range(500):
        pieces = [bytearray(block) for _ in range(20)]
        total += sum(hashlib.sha256(piece).digest()[0] for piece in pieces[:3 + i % 2])
    return total


def compressing(n):
    lines = b"".join(b"%d line of text %d\n" % (i, i * n) for i in range(900))
    total = 0
    for i in range(90):
        packed = zlib.compress(lines[i:], 1)
        total += len(zlib.decompress(packed)) + len(packed)
    return total


def querying(n):
    base = sqlite3.connect(":memory:")
    base.execute("create table t (id integer primary key, name text, value real)")
    base.executemany("insert into t values (?, ?, ?)", ((i, f"name{i}", i * 1.5) for i in range(2500)))
    total = n
    for i in range(6):
        total += sum(row[0] for row in base.execute("select id, name from t where value > ? order by name", (i,)))
    base.close()
    return total


WORKLOADS = {
    "instances": instances, "slots": slots, "tree": tree, "dictionaries": dictionaries, "lists": lists, "text": text,
    "documents": documents, "expressions": expressions, "records": records, "coroutines": coroutines,
    "hashing2": lambda: in_threads(2, hashing), "compressing4": lambda: in_threads(4, compressing),
    "querying8": lambda: in_threads(8, querying),
}


if __name__ == "__main__":
    print(f"checksum={WORKLOADS[sys.argv[1]]()}")
