"""What a Python process still holds when nearly all of its objects are gone: python_survivors.py [COUNT].

Makes COUNT objects (4 million), each with a dictionary's values and a string of its own, drops 99 % of them so that the
rest lies scattered, then the rest, and prints resident memory at each step; beside it the pages that
hold a part of a block in use, which is what an allocator that gives every other page back would need.

Start it by bench/python_survivors, which says on which allocator."""
import gc
import random
import sys


def resident_mib():
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS"))


class Thing:
    def __init__(self, number):
        self.number, self.text = number, str(number)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4000000
    allocator = sys.argv[2]
    from epmalloc import snapshot, trim
    gc.disable()
    figures = {"idle": resident_mib()}
    things = [Thing(i) for i in range(count)]
    figures["full"] = resident_mib()
    kept = random.Random(1).sample(range(count), count // 100)
    survivors = [things[i] for i in sorted(kept)]
    things.clear()
    del kept
    figures["dropped"] = resident_mib()
    if allocator == "epmalloc":
        trim()
        figures["dropped_trimmed"] = resident_mib()
    heap = snapshot.take(allocator)
    figures["live_pages"] = snapshot.live_pages(heap) * snapshot.PAGE_BYTES / 2**20
    del heap
    survivors.clear()
    figures["empty"] = resident_mib()
    if allocator == "epmalloc":
        trim()
        figures["empty_trimmed"] = resident_mib()
    print(*(f"{name}={value:.1f}" for name, value in figures.items()))


main()
